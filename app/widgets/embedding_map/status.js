// The widget "byol_map_status": brings what is said on the maps of this page, and takes it away with itself. It draws nothing.
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
