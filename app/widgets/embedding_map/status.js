// Brings what is said on the maps of this page, and takes it away with itself.
export default function ({ data, parentElement }) {
  parentElement.closest('[data-testid="stElementContainer"]')?.style.setProperty("display", "none")
  if (!data) return
  const say = (maps) => {
    globalThis.byolMapStatus = maps
    dispatchEvent(new CustomEvent("byol-map-status"))
  }
  say(data.maps)
  return () => { if (globalThis.byolMapStatus === data.maps) say({}) }
}
