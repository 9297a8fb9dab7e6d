// The widget "byol_feed": takes new points of the curves in and tells the charts. It draws nothing, so that a poll
// costs one small message.
import { hideContainer } from "../dom.js"
import { unpack } from "../packed.js"
import { have, page, take } from "./series.js"

const SAID_AFTER = 64 // points that came again and again, before the server is told that they are here

export default function ({ data, parentElement, setStateValue }) {
  hideContainer(parentElement)
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
