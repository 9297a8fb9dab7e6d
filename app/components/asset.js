// Keeps a file (a script, a sheet of pictures) under its hash for the widgets of this page that wait for it.
export default function ({ data, parentElement }) {
  parentElement.closest('[data-testid="stElementContainer"]')?.style.setProperty("display", "none")
  if (!data) return
  const { digest, mime, content } = unpack(data)
  const assets = (globalThis.byolAssets ??= new Map())
  const known = assets.get(digest)
  if (known?.url) return
  const url = URL.createObjectURL(new Blob([content], { type: mime }))
  assets.set(digest, { url })
  known?.arrived?.(url)
  // A chart that waits has asked for the import already; else it starts here, before the first chart comes.
  if (mime === "text/javascript") globalThis.byolPlotly ??= import(url).then(() => globalThis.Plotly)
}
