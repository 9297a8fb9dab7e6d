import assert from "node:assert/strict"
import { test } from "node:test"
import "./page.js"
import { LABEL, MOST_LABELS, Names } from "../../app/widgets/embedding_map/names.js"

// Points of so many categories, all within a few pixels of each other.
function crowded(count) {
  const names = Array.from({ length: count }, (_, i) => `class ${i}`), n = 5 * count
  const values = Array.from({ length: n }, (_, i) => i % count), field = { kind: "category", names, values }
  const goal = Float32Array.from({ length: 2 * n }, (_, i) => 150 + (i % 24))
  const map = { field, theme: { font: "sans-serif" }, places: { goal, moved: 1 }, order: values.map((_, i) => i) }
  map.visible = new Uint8Array(n).fill(1)
  map.camera = { toScreen: (x, y) => [x, y], width: 300, height: 300 }
  map.legend = { groups: () => names.map((name, i) => ({ name, count: i })) }
  return new Names(map)
}

test("names that would lie upon each other make way for the largest", () => {
  const names = crowded(12), marks = names.marks()
  assert.equal(marks[0].text, "class 11")
  assert.ok(marks.length >= 3 && marks.length < 12)
  const wide = (one, other) => (names.width(one.text) + names.width(other.text)) / 2
  const away = (one, other, axis) => Math.abs(one[axis] - other[axis])
  marks.forEach((one, i) => marks.slice(i + 1).forEach((other) => {
    assert.ok(away(one, other, "x") >= wide(one, other) || away(one, other, "y") >= LABEL)
  }))
})

test("a name stays inside of the map", () => {
  const names = crowded(1)
  names.map.camera = { toScreen: () => [2, 2], width: 300, height: 300 }
  const [{ x, y }] = names.marks()
  assert.ok(x - names.width("class 0") / 2 >= 0 && y >= LABEL / 2)
})

test("a name lies upon a point of its category", () => {
  const names = crowded(1)
  names.map.places.goal = Float32Array.of(0, 0, 10, 10, 0, 10, 10, 0, 300, 300)
  names.map.visible = new Uint8Array(5).fill(1)
  names.follow()
  assert.deepEqual(names.at("class 0"), [10, 10]) // the median, not the mean that the far one draws away
})

test("too many categories have no names, and none when they are off", () => {
  assert.deepEqual(crowded(MOST_LABELS + 1).marks(), [])
  const names = crowded(3)
  names.on = false
  assert.deepEqual(names.marks(), [])
})

test("names travel with their points", () => {
  const names = crowded(1), { map } = names
  names.follow()
  const [x] = names.at("class 0")
  map.places = { goal: map.places.goal.map((value) => value + 100), moved: 0 }
  names.follow()
  assert.equal(names.at("class 0")[0], x)
  map.places.moved = 1
  assert.equal(names.at("class 0")[0], x + 100)
})
