import assert from "node:assert/strict"
import { beforeEach, test } from "node:test"
import { Clock, document } from "./page.js"
import { Timeline } from "../../app/widgets/embedding_map/timeline.js"
import { learn } from "../../app/widgets/texts.js"

learn({
  map_accuracy: "kNN {value} (validation)",
  map_failure: "The map of {names} could not be made: {reason}",
  map_list: "{first}, {second}",
  map_unmade_shown: "{wanted} is not made yet, {shown} is shown",
})

let clock
beforeEach(() => {
  clock = new Clock()
})

// A map of evaluations 0, 100, 200, …; those in `made` have a frame. What it showed and told Python is kept.
function map(count, made = [...Array(count).keys()]) {
  const film = state(count, made), found = { state: film, shown: [], told: [] }
  found.show = (i, lasts) => found.shown.push([i, lasts > 0])
  found.loaded = async () => {}
  found.pythonState = { tell: (what, step) => found.told.push([what, step]) }
  found.wait = { say: (name) => { found.waits = name } }
  found.timeline = new Timeline(found, document.createElement("div"))
  found.timeline.follow(null, false)
  return found
}

function state(count, made, current = 100 * (count - 1)) {
  const all = [...Array(count).keys()]
  const frames = {
    steps: all.map((i) => 100 * i), titles: all.map((i) => `epoch ${i}`), accuracy: all.map((i) => (i ? i / 10 : null)),
    files: all.map((i) => (made.includes(i) ? `frame ${i}` : null)),
  }
  return { key: "one", current, frames, failed: all.map(() => null), again: true }
}

const at = ({ shown }) => shown.at(-1)[0]

test("the first picture is what Python asks for, without a journey", () => {
  assert.deepEqual(map(5).shown, [[4, false]])
})

test("of a frame that is not made the nearest is shown, and said", () => {
  const found = map(5, [0, 3])
  assert.equal(at(found), 3)
  assert.equal(found.timeline.words.textContent, "epoch 4 is not made yet, epoch 3 is shown")
})

test("of two that are equally near the earlier is shown", () => {
  assert.equal(map(5, [0, 2]).timeline.nearest(1), 0)
})

test("without any frame the map says that it is being made", () => {
  const found = map(3, [])
  assert.deepEqual([found.shown, found.waits], [[], "map_making"])
})

test("the words name the evaluation and its accuracy, where there is one", () => {
  const { timeline } = map(3)
  assert.equal(timeline.words.textContent, "epoch 2 · kNN 0.200 (validation)")
  timeline.go(0, 0)
  assert.equal(timeline.words.textContent, "epoch 0")
})

test("a step passes over what is not made", () => {
  const found = map(5, [0, 1, 4])
  found.timeline.step(-1)
  assert.equal(at(found), 1)
  found.timeline.step(1)
  assert.equal(at(found), 4)
  found.timeline.step(1) // the last one: there is no other
  assert.equal(at(found), 4)
})

test("Python is told once the slider rests", async () => {
  const found = map(5)
  for (const i of [3, 2, 1]) found.timeline.drag(i)
  await clock.pass(200)
  assert.deepEqual(found.told, [])
  await clock.pass(200)
  assert.deepEqual(found.told, [["step", 100]])
})

test("the newest has no number, since a newer one may come", async () => {
  const found = map(5)
  found.timeline.drag(1)
  found.timeline.drag(4)
  await clock.pass(400)
  assert.deepEqual(found.told, [["step", null]])
})

test("whoever looks at the newest goes on to a newer one", () => {
  const found = map(3), before = found.state
  found.state = state(4, [0, 1, 2, 3])
  found.timeline.follow(before, false)
  assert.deepEqual(found.shown.at(-1), [3, true])
})

test("whoever looks at an older one stays there", async () => {
  const found = map(3), before = found.state
  found.timeline.drag(1)
  await clock.pass(400)
  found.state = state(4, [0, 1, 2, 3])
  found.timeline.follow(before, false)
  assert.equal(at(found), 1)
})

test("what the page decides is gone to", () => {
  const found = map(3), before = found.state
  found.state = state(3, [0, 1, 2], 0)
  found.timeline.follow(before, true)
  assert.equal(at(found), 0)
})

test("playing shows one frame after the other and stops at the last", async () => {
  const found = map(4, [0, 1, 3])
  found.timeline.drag(0)
  found.timeline.play()
  await clock.pass(10_000)
  assert.deepEqual(found.shown.slice(1).map(([i]) => i), [0, 1, 3])
  assert.ok(!found.timeline.playing)
  assert.deepEqual(found.told.at(-1), ["step", null])
})

test("playing from the end begins at the start", async () => {
  const found = map(3)
  found.timeline.play()
  await clock.pass(10_000)
  assert.deepEqual(found.shown.slice(1).map(([i]) => i), [0, 1, 2])
})

test("at twice the speed a frame takes half as long", async () => {
  const found = map(9)
  found.timeline.speed.value = "2"
  found.timeline.drag(0)
  found.timeline.play()
  await clock.pass(1000) // 375 milliseconds a frame
  assert.equal(at(found), 3)
})

test("dragging stops what plays", async () => {
  const found = map(9)
  found.timeline.drag(0)
  found.timeline.play()
  await clock.pass(100)
  found.timeline.drag(5)
  await clock.pass(5000)
  assert.equal(at(found), 5)
})

test("the page's numbers fade while another evaluation is shown", () => {
  const found = map(3), faded = () => document.documentElement.classList.contains("byol-map-ahead")
  found.timeline.drag(0)
  assert.ok(faded())
  found.timeline.close()
  assert.ok(!faded())
})

test("evaluations without a map are named, and one can try again", () => {
  const found = map(3, [2]), before = found.state
  found.state = { ...before, failed: ["too few images", null, null] }
  found.timeline.follow(before, false)
  assert.equal(found.timeline.why.textContent, "The map of epoch 0 could not be made: too few images")
  assert.ok(!found.timeline.trouble.hidden && !found.timeline.again.hidden)
})
