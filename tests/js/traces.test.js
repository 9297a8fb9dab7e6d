import assert from "node:assert/strict"
import { beforeEach, test } from "node:test"
import { page } from "../../app/widgets/live_chart/series.js"
import { described, expanded } from "../../app/widgets/live_chart/traces.js"
import { learn } from "../../app/widgets/texts.js"

learn({
  chart_curve: "{name}: {first} at first, {last} at step {step}",
  chart_curves: "{first}; {second}",
  chart_empty: "{name}: nothing yet",
  chart_measured: "(measured {value})",
})

beforeEach(() => {
  page.curves.clear()
  page.hidden.clear()
})

function curve(steps, value) {
  return { step: steps, epoch: steps, seconds: steps, value }
}

// What plotly is told to draw of a curve (step = seconds) on such axes.
function drawn(curves, { x = "step", kind = "linear", y = "linear", smooth = 0, trace = {} } = {}) {
  for (const [id, shown] of Object.entries(curves)) page.curves.set(id, shown)
  const line = { curves: Object.keys(curves), uid: "u", line: { color: "#000000" }, hovertemplate: "%{y}<extra></extra>", ...trace }
  const layout = { uirevision: "r", xaxis: { title: {}, type: kind }, yaxis: { type: y } }
  return expanded({ data: [{ level: 0.5 }, line], layout, live: { x, smooth } })
}

test("marks on a log axis stand where they belong", () => {
  const figure = drawn({ a: curve([0, 10, 100, 1000], [1, 2, NaN, 3]) }, { kind: "log" })
  const [[line], [words]] = [figure.layout.shapes, figure.layout.annotations]
  assert.deepEqual([line.x0, words.x], [100, 2])
  assert.deepEqual(figure.data[0].x, [10, 1000])
})

test("a mark at step 0 has no place on a log axis", () => {
  assert.ok(!("annotations" in drawn({ a: curve([0, 10], [NaN, 1]) }, { kind: "log" }).layout))
})

test("a zoom ends when the unit of the time changes", () => {
  const [short, longer, long] = [100, 170, 190].map((end) => drawn({ a: curve([0, end], [1, 2]) }, { x: "time" }).layout.uirevision)
  assert.equal(short, longer)
  assert.notEqual(longer, long)
})

test("a log axis without a value above zero is linear", () => {
  assert.equal(drawn({ a: curve([0, 1], [-1, 0]) }, { y: "log" }).layout.yaxis.type, "linear")
})

test("a level that has no place on a log axis is left out", () => {
  page.curves.set("a", curve([0, 1], [1, 2]))
  const shown = (type) => {
    const layout = { xaxis: { title: {} }, yaxis: { type } }
    return expanded({ data: [{ level: 0 }, { level: 0.5 }, { curves: ["a"], line: {} }], layout, live: { x: "step", smooth: 0 } }).data.length
  }
  assert.deepEqual([shown("log"), shown("linear")], [2, 3])
})

test("a smoothed line has the measured one behind it, and says both", () => {
  const [, raw, smooth] = drawn({ a: curve([0, 1, 2, 3], [1, 2, 1, 2]) }, { smooth: 0.9, trace: { meta: { noisy: true } } }).data
  assert.ok(raw.opacity < 1 && raw.hoverinfo === "skip" && !("hovertemplate" in raw))
  assert.deepEqual([raw.y, smooth.customdata], [[1, 2, 1, 2], [1, 2, 1, 2]])
  assert.match(smooth.hovertemplate, /measured/)
})

test("what is not noisy is not smoothed", () => {
  assert.equal(drawn({ a: curve([0, 1, 2, 3], [1, 2, 1, 2]) }, { smooth: 0.9 }).data.length, 2)
})

test("runs that differ by chance alone are a mean in a band", () => {
  const [, low, high, mean] = drawn({ a: curve([0, 1], [1, 2]), b: curve([0, 1], [3, 4]) }).data
  assert.deepEqual(mean.y, [2, 3])
  assert.ok(low.y[0] < 2 && high.y[0] > 2 && high.fill === "tonexty")
  assert.match(mean.hovertemplate, /n = /)
})

test("a line whose group is hidden is drawn in the legend alone", () => {
  page.hidden.add("g")
  assert.equal(drawn({ a: curve([0, 1], [1, 2]) }, { trace: { legendgroup: "g" } }).data[1].visible, "legendonly")
})

test("a figure of its own points is handed to plotly as a copy", () => {
  const figure = { data: [{ x: [1], y: [2] }], layout: {} }
  const copy = expanded(figure)
  assert.deepEqual(copy, figure)
  assert.notEqual(copy.data, figure.data)
})

test("a chart is told in words by its first and last values", () => {
  page.curves.set("a", curve([0, 10], [1, 0.25]))
  const data = [{ name: "Loss", curves: ["a"] }, { name: "Std", curves: ["b"] }]
  assert.equal(described({ data }), "Loss: 1.00 at first, 0.250 at step 10; Std: nothing yet")
})
