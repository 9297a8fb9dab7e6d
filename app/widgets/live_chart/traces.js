// From the traces that the server describes ("this curve, that level") to the traces that plotly draws. No DOM here.
import { listed, text } from "../texts.js"
import { lastStep, meanAndSpread, page, smoothed, unitOf } from "./series.js"

export function expanded(figure) {
  if (!figure.live) return structuredClone(figure) // a copy, because plotly writes the viewer's zoom into it
  const { live, layout } = figure
  const unit = live.x === "time" ? unitOf(longestTime(figure.data)) : null
  const axis = { column: { step: "step", epoch: "epoch", time: "seconds" }[live.x], per: unit?.[1] ?? 1, smooth: live.smooth }
  const lines = figure.data.filter((trace) => trace.curves).flatMap((trace) => grouped(trace, axis))
  const logX = layout.xaxis.type === "log"
  const ends = endsOf(lines, logX)
  const log = layout.yaxis.type === "log" && lines.some((line) => line.y.some((value) => value > 0))
  const levels = figure.data.filter((trace) => "level" in trace && !(log && trace.level <= 0))
  const shown = structuredClone({ ...layout, ...broken(figure.data, axis, logX, live.broken) })
  if (unit) {
    shown.xaxis.title.text = text(`chart_${unit[0]}`)
    shown.uirevision += `-${unit[0]}` // a zoom in seconds is none in minutes
  }
  shown.yaxis = { ...shown.yaxis, ...(log ? decades(lines) : { type: "linear" }) }
  return { data: [...levels.map((trace) => level(trace, ends)), ...lines], layout: shown }
}

// A log axis over several powers of ten is marked at those alone.
function decades(lines) {
  const heights = lines.flatMap(({ y }) => y).filter((value) => value > 0).map(Math.log10)
  const span = heights.reduce((a, b) => Math.max(a, b), -Infinity) - heights.reduce((a, b) => Math.min(a, b), Infinity)
  return { exponentformat: "power", ...(span > 2 ? { dtick: Math.ceil(span / 5) } : {}) }
}

function curvesOf(traces) {
  return traces.flatMap((trace) => trace.curves ?? []).map((id) => page.curves.get(id)).filter(Boolean)
}

function longestTime(traces) {
  return Math.max(0, ...curvesOf(traces).map((curve) => curve.seconds[curve.seconds.length - 1]))
}

// A line for one curve; for several, which are the same but for chance, their mean in a band of one deviation.
function grouped({ curves, ...trace }, axis) {
  const found = curves.map((id) => page.curves.get(id)).filter(Boolean)
  const group = { ...trace, visible: page.hidden.has(trace.legendgroup) ? "legendonly" : true }
  if (curves.length === 1) return found.flatMap((curve) => line(group, curve, axis))
  return found.length ? band(group, found, axis) : []
}

function line(trace, curve, axis) {
  const x = curve[axis.column].map((value) => value / axis.per)
  const y = curve.value.map((value) => (Number.isFinite(value) ? value : null))
  if (!axis.smooth || !trace.meta?.noisy || y.length < 3) return [{ ...trace, x, y }]
  const raw = { ...trace, uid: `${trace.uid}-raw`, x, y, opacity: 0.3, showlegend: false, hoverinfo: "skip" }
  raw.line = { ...trace.line, width: 1 }
  delete raw.hovertemplate
  const smooth = { ...trace, x, y: smoothed(x, curve.value, axis.smooth), customdata: y, mode: "lines" }
  smooth.hovertemplate = trace.hovertemplate.replace("<extra>", ` ${text("chart_measured", { value: "%{customdata:.4g}" })}<extra>`)
  return [raw, smooth]
}

function band(trace, found, axis) {
  const lines = found.map((curve) => {
    const x = curve[axis.column].map((value) => value / axis.per)
    return { x, y: axis.smooth && trace.meta?.noisy ? smoothed(x, curve.value, axis.smooth) : curve.value }
  })
  const { x, mean, low, high, count } = meanAndSpread(lines)
  const edge = { ...trace, x, mode: "lines", line: { width: 0 }, showlegend: false, hoverinfo: "skip" }
  delete edge.hovertemplate
  const filled = { ...edge, y: high, uid: `${trace.uid}-high`, fill: "tonexty", fillcolor: faint(trace.line.color) }
  const middle = { ...trace, x, y: mean, mode: "lines" }
  middle.customdata = high.map((value, i) => [value - mean[i], count[i]])
  middle.hovertemplate = trace.hovertemplate.replace("<extra>", " ± %{customdata[0]:.2g} (n = %{customdata[1]})<extra>")
  return [{ ...edge, y: low, uid: `${trace.uid}-low` }, filled, middle]
}

function faint(color) {
  return `${color}33`
}

function endsOf(lines, log) {
  const shown = lines.map(({ x }) => (log ? x.filter((place) => place > 0) : x))
  const all = shown.flatMap((x) => (x.length ? [x[0], x[x.length - 1]] : []))
  const ends = [Math.min(...all), Math.max(...all)]
  return all.length && ends[0] < ends[1] ? ends : [0, 1]
}

function level({ level: value, ...trace }, ends) {
  return { ...trace, x: ends, y: [value, value] }
}

// A dotted line where the first value that is not a number stands: a gap alone is easily missed.
function broken(traces, axis, log, color) {
  const places = curvesOf(traces).flatMap((curve) => {
    const first = curve.value.findIndex((value) => !Number.isFinite(value))
    return first < 0 ? [] : [curve[axis.column][first] / axis.per]
  })
  const x = Math.min(...places)
  if (!places.length || (log && x <= 0)) return {}
  return {
    shapes: [{ type: "line", x0: x, x1: x, yref: "paper", y0: 0, y1: 1, line: { dash: "dot", width: 1.5, color: color } }],
    annotations: [{ x: log ? Math.log10(x) : x, yref: "paper", y: 1, yanchor: "top", xanchor: "right", text: text("chart_broken_value"), showarrow: false,
      font: { color: color } }], // plotly takes the place of a text on a log axis as an exponent, that of a line not
  }
}

// What a chart shows, for those who do not see it.
export function described(figure) {
  const parts = figure.data.filter((trace) => trace.curves).map(({ name, curves }) => {
    const curve = page.curves.get(curves[0])
    if (!curve?.value.length) return text("chart_empty", { name })
    const [first, last] = [curve.value[0], curve.value[curve.value.length - 1]].map((value) => value.toPrecision(3))
    return text("chart_curve", { name, first, last, step: lastStep(curve) })
  })
  return listed("chart_curves", parts)
}
