// Streamlit puts what widgets tell at one moment into one message, for one fragment of the page: another fragment's widget
// is heard, and its fragment is not drawn. So what two of them say is kept apart.
const APART = 40 // milliseconds

export function tellApart(who, say) {
  const spoke = (globalThis.byolSpoke ??= { who: null, at: -APART })
  const now = performance.now()
  if (spoke.who !== who && now - spoke.at < APART) return setTimeout(() => tellApart(who, say), APART)
  Object.assign(spoke, { who, at: now })
  say()
}
