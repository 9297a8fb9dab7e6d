// Sends what two widgets tell Python in two messages. Streamlit merges what widgets send at the same moment into one
// message for one fragment: the other fragment gets the value, but is not rerun.
const APART = 40 // milliseconds

export function tellApart(who, say) {
  const spoke = (globalThis.byolSpoke ??= { who: null, at: -APART, isSent: true })
  const now = performance.now()
  const together = now - spoke.at < APART || !spoke.isSent
  if (spoke.who !== who && together) return setTimeout(() => tellApart(who, say), APART)
  const mine = (globalThis.byolSpoke = { who, at: now, isSent: false })
  say()
  setTimeout(() => { mine.isSent = true }) // after Streamlit's own: on a busy page the time alone says nothing
}
