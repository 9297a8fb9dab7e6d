// Takes new points of the curves in and tells the charts. Draws nothing, so that a poll costs one small message.
const SAID_AFTER = 64 // points that came again and again, before the server is told that they are here

export default function ({ data, parentElement, setStateValue }) {
  parentElement.closest('[data-testid="stElementContainer"]')?.style.setProperty("display", "none")
  if (!data) return
  const message = unpack(data)
  const { changed, gap } = take(message)
  if (changed.size) page.listeners.forEach((listener) => listener(changed))
  if (!gap && message.step.length <= SAID_AFTER) return
  const here = have(message.curves.map(({ id }) => id))
  const said = JSON.stringify(here)
  if (said === parentElement.byolSaid) return // the answer is on its way
  parentElement.byolSaid = said
  setStateValue("have", here)
}
