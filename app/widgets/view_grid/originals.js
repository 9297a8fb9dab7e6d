// The widget "byol_view_originals": keeps the original images for the grids of this page, because they stay the same
// while sliders move. It draws nothing.
import { hideContainer } from "../dom.js"
import { unpack } from "../packed.js"

const KEPT = 4

export default function ({ data, parentElement }) {
  hideContainer(parentElement)
  if (!data) return
  const { digest, pixels } = unpack(data)
  const known = (globalThis.byolOriginals ??= new Map())
  known.delete(digest)
  known.set(digest, pixels)
  while (known.size > KEPT) known.delete(known.keys().next().value)
  window.dispatchEvent(new CustomEvent("byol-originals", { detail: digest }))
}
