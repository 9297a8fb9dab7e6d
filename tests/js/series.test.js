import assert from "node:assert/strict"
import { beforeEach, test } from "node:test"
import { have, meanAndSpread, page, showGroups, smoothed, take, thinned, unitOf } from "../../app/widgets/live_chart/series.js"

const COLUMNS = ["step", "epoch", "seconds", "value"]
const range = (n) => [...Array(n).keys()]
const close = (found, wanted, by = 1e-9) => assert.ok(Math.abs(found - wanted) < by, `${found} is not ${wanted}`)

// What the feed brings of one curve.
function told(id, after, ...steps) {
  return { curves: [{ id, after, count: steps.length }], ...Object.fromEntries(COLUMNS.map((name) => [name, Float64Array.from(steps)])) }
}

beforeEach(() => {
  page.curves.clear()
  page.hidden.clear()
  page.listeners.clear()
  page.groups = ""
})

test("a thinned curve keeps its ends and its envelope", () => {
  const steps = range(5000), values = Array(5000).fill(0)
  values[1234] = 7
  values[4321] = -7
  const thin = thinned({ step: steps, epoch: steps, seconds: steps, value: values }, 1200)
  assert.ok(thin.step.length <= 602)
  assert.deepEqual([thin.step[0], thin.step.at(-1)], [0, 4999])
  assert.deepEqual([thin.step[thin.value.indexOf(7)], thin.step[thin.value.indexOf(-7)]], [1234, 4321])
  assert.deepEqual(thin.step, [...new Set(thin.step)].sort((a, b) => a - b))
})

test("a thinned curve keeps where it was not a number", () => {
  const steps = range(3000), value = steps.map((i) => (i === 1777 ? NaN : 2 * (i % 2) - 1))
  const thin = thinned({ step: steps, epoch: steps, seconds: steps, value }, 1200)
  assert.equal(thin.step[thin.value.findIndex(Number.isNaN)], 1777)
})

test("a curve that is short enough is not thinned", () => {
  const curve = { step: [0, 1], epoch: [0, 1], seconds: [0, 1], value: [1, 2] }
  assert.equal(thinned(curve, 1200), curve)
})

test("smoothing starts without a pull to zero and keeps few points", () => {
  smoothed(range(300), Array(300).fill(2), 0.9).forEach((value) => close(value, 2))
  const noisy = smoothed(range(300), range(300).map((i) => 1 + 2 * (i % 2)), 0.95).slice(100)
  assert.ok(Math.max(...noisy) - Math.min(...noisy) < 0.3)
  smoothed([0, 1, 2, 3], [0, 1, 2, 3], 0.9).forEach((value, i) => close(value, i, 0.01))
})

test("a gap stays a gap", () => {
  assert.deepEqual(smoothed([0, 100, 200], [1, NaN, 1], 0.5), [1, null, 1])
})

test("runs of several lengths have one mean", () => {
  const found = meanAndSpread([{ x: [0, 10, 20], y: [1, 2, 3] }, { x: [0, 5, 10], y: [3, 4, 4] }])
  assert.deepEqual([found.x, found.mean, found.count], [[0, 10, 20], [2, 3, 3], [2, 2, 1]])
  close(found.high[0] - found.mean[0], Math.SQRT2)
})

test("a mean leaves out what is not a number", () => {
  const found = meanAndSpread([{ x: [0, 1, 2], y: [1, NaN, 3] }, { x: [0, 1, 2], y: [1, 1, 1] }])
  assert.deepEqual([found.x, found.mean], [[0, 1, 2], [1, 1.5, 2]]) // the first on its straight way
})

test("a message that was missed leaves no hole", () => {
  take(told("a/1/loss", -1, 0, 1, 2))
  assert.ok(!take(told("a/1/loss", 1, 2, 3)).gap) // step 2 comes again
  assert.ok(take(told("a/1/loss", 7, 8)).gap)
  assert.deepEqual(page.curves.get("a/1/loss").step, [0, 1, 2, 3])
})

test("only curves that have grown count as changed", () => {
  assert.deepEqual([...take(told("a/1/loss", -1, 0, 1)).changed], ["a/1/loss"])
  assert.equal(take(told("a/1/loss", 0, 1)).changed.size, 0)
})

test("a curve that is told from its start takes the place of the old one", () => {
  take(told("a/1/loss", -1, 0, 1, 2))
  take(told("a/1/loss", -1, 0, 5))
  assert.deepEqual(page.curves.get("a/1/loss").step, [0, 5])
})

test("what a page has is told of the runs that were asked for alone", () => {
  take(told("a/1/loss", -1, 0, 1))
  take(told("a/1/std", -1, 0, 7))
  take(told("b/1/loss", -1, 0, 9))
  assert.deepEqual(have(["a/1/loss"]), { "a/1/loss": 1, "a/1/std": 7 })
})

test("of very many curves the first are forgotten, those in use stay", () => {
  for (const i of range(400)) take(told(`r${i}/1/loss`, -1, 0))
  const both = [{ id: "r0/1/loss", after: 0, count: 1 }, { id: "new/1/loss", after: -1, count: 1 }]
  take({ ...told("", -1, 1, 0), curves: both })
  assert.equal(page.curves.size, 400)
  assert.deepEqual(["r0", "r1", "new"].map((run) => page.curves.has(`${run}/1/loss`)), [true, false, true])
})

test("what was hidden among other lines is not hidden among these", () => {
  const asked = []
  showGroups(["a", "b"])
  page.hidden.add("a")
  page.listeners.add((changed) => asked.push(changed.size))
  showGroups(["b", "a"])
  assert.deepEqual([page.hidden.size, asked], [1, []])
  showGroups(["a", "c", "d"])
  assert.deepEqual([page.hidden.size, asked], [0, [3]])
})

test("a time is read in the unit that suits it", () => {
  assert.deepEqual([100, 200, 20_000].map((seconds) => unitOf(seconds)[0]), ["seconds", "minutes", "hours"])
})
