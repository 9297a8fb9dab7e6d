import assert from "node:assert/strict"
import { test } from "node:test"
import { marks, marksSvg } from "../../app/widgets/embedding_map/overlay.js"

const THEME = { text: [0, 0, 0], background: [255, 255, 255], amber: [255, 170, 0], primary: [0, 0, 255] }

// Points on a line, one pixel apart; point 4 is hidden.
function map(more = {}) {
  return {
    state: { n: 6, asked: null }, visible: Uint8Array.of(1, 1, 1, 1, 0, 1), pinned: null, pinnedNear: [], hovered: -1, linked: {}, linkedNear: [],
    places: { ready: true, x: (i) => i, y: () => 0 }, camera: { toScreen: (x, y) => [x, y], width: 10, height: 10 },
    nearOf: (i) => [i + 1], names: { marks: () => [] }, aiming: false, ...more,
  }
}

const kinds = (made) => marks(made).map(({ kind }) => kind)

test("nothing is marked on a map at rest", () => {
  assert.deepEqual(marks(map()), [])
})

test("a pin has a ring, and lines to its neighbors that are shown", () => {
  const found = marks(map({ pinned: 0, pinnedNear: [2, 4] }))
  assert.deepEqual(found.map(({ kind, toX }) => [kind, toX]), [["line", 2], ["ring", undefined], ["ring", undefined]])
})

test("a hover has lines to its neighbors; upon the pin it has no second ones", () => {
  assert.deepEqual(kinds(map({ hovered: 1 })), ["line", "ring"])
  assert.equal(kinds(map({ hovered: 1, pinned: 1, pinnedNear: [2] })).filter((kind) => kind === "line").length, 1)
})

test("a pin that is hidden is not marked", () => {
  assert.deepEqual(marks(map({ pinned: 4, pinnedNear: [1] })), [])
})

test("what is pinned on a linked map has a ring of the theme, and its lines unless there is an own pin", () => {
  const linked = { linked: { pin: 2 }, linkedNear: [3] }
  assert.deepEqual(kinds(map(linked)), ["line", "ring", "ring"])
  assert.equal(marks(map(linked)).at(-1).color, "primary")
  assert.ok(!kinds(map({ ...linked, pinned: 0 })).includes("line"))
})

test("the image that was asked for is a star with lines to what it resembles", () => {
  const asked = { xy: [5, 5], near: [0, 4] }
  assert.deepEqual(kinds(map({ state: { n: 6, asked } })), ["line", "ring", "star"])
})

test("a name is written as text, whatever it is", () => {
  const drawn = marksSvg([{ kind: "label", x: 1, y: 2, size: 13, text: '<img src="x">&' }], THEME)
  assert.match(drawn, />&lt;img src=&quot;x&quot;&gt;&amp;<\/text>$/)
})
