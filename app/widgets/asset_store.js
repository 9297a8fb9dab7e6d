// The files that asset.js has brought to this page, under their hashes; all widgets of the page share them.
export function assetStore() {
  return (globalThis.byolAssets ??= new Map())
}

// The file of that hash as a URL; waits until asset.js has brought it.
function assetUrl(digest) {
  const assets = assetStore()
  const known = assets.get(digest) ?? {}
  if (known.url) return Promise.resolve(known.url)
  known.waiting ??= new Promise((resolve) => { known.arrived = resolve })
  assets.set(digest, known)
  return known.waiting
}

export async function loadPlotly(digest) {
  globalThis.byolPlotly ??= assetUrl(digest).then((url) => import(url)).then(() => globalThis.Plotly)
  return globalThis.byolPlotly
}
