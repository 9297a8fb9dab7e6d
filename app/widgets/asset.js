// The widget "byol_asset": keeps a file (a script) under its hash for the widgets of this page that wait for it. It
// draws nothing.
import { assetStore } from "./asset_store.js"
import { hideContainer } from "./dom.js"
import { unpack } from "./packed.js"

const SETTLED = 1500 // milliseconds

export default function ({ data, parentElement }) {
  hideContainer(parentElement)
  if (!data) return
  const { digest, mime, content } = unpack(data)
  const assets = assetStore()
  const known = assets.get(digest)
  if (known?.url) return
  const url = URL.createObjectURL(new Blob([content], { type: mime }))
  assets.set(digest, { url })
  known?.arrived?.(url)
  // A chart imports a script at once. Else it is imported once the page has settled, for the page to come.
  if (mime === "text/javascript") {
    setTimeout(() => (globalThis.byolPlotly ??= import(url).then(() => globalThis.Plotly)), SETTLED)
  }
}
