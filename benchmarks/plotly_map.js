// The map drawn by plotly's scattergl, as the widget was before it had a renderer of its own: a trace a class, no axes,
// panning by drag. map_page.py shows it.
import { loadPlotly } from "../app/widgets/asset_store.js"
import { unpack } from "../app/widgets/packed.js"

export default function ({ data, parentElement }) {
  const { plotly, x, y, labels } = unpack(data)
  const plot = parentElement.querySelector("div") ?? parentElement.appendChild(document.createElement("div"))
  plot.className = "plotly-map"
  plot.style.height = "560px"
  loadPlotly(plotly).then(async () => {
    const size = x.length > 5000 ? 4 : 6
    const traces = Array.from({ length: 10 }, (_, k) => {
      const own = [...labels.keys()].filter((i) => labels[i] === k)
      return { type: "scattergl", mode: "markers", hoverinfo: "none", x: Float32Array.from(own, (i) => x[i]),
        y: Float32Array.from(own, (i) => y[i]), marker: { size, opacity: 0.85 } }
    })
    const layout = { dragmode: "pan", hovermode: "closest", showlegend: false, margin: { l: 8, r: 8, t: 8, b: 8 },
      xaxis: { visible: false }, yaxis: { visible: false, scaleanchor: "x" } }
    await globalThis.Plotly.newPlot(plot, traces, layout, { scrollZoom: true, displaylogo: false })
    plot.dataset.ready = "yes"
    plot.on("plotly_hover", () => { globalThis.hovered = performance.now() })
  })
}
