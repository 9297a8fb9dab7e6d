// Sends what two widgets tell Python in two messages. Streamlit merges what widgets send at the same moment into one
// message for one fragment: the other fragment gets the value, but is not rerun.
const APART = 40 // milliseconds

export function tellApart(who, say) {
  const spoke = (globalThis.byolSpoke ??= { who: null, at: -APART })
  const now = performance.now()
  if (spoke.who !== who && now - spoke.at < APART) return setTimeout(() => tellApart(who, say), APART)
  Object.assign(spoke, { who, at: now })
  say()
}
