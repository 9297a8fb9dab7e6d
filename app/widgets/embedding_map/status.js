// The widget "byol_map_status": hands the status of the maps of this page to them, and takes it back when it goes. It
// draws nothing.
import { hideContainer } from "../dom.js"

export default function ({ data, parentElement }) {
  hideContainer(parentElement)
  if (!data) return
  const say = (maps) => {
    globalThis.byolMapStatus = maps
    dispatchEvent(new CustomEvent("byol-map-status"))
  }
  say(data.maps)
  return () => { if (globalThis.byolMapStatus === data.maps) say({}) }
}
