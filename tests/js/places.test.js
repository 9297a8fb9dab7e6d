import assert from "node:assert/strict"
import { test } from "node:test"
import { Camera } from "../../app/widgets/embedding_map/camera.js"
import { fromBits, Places, shuffled, toBits } from "../../app/widgets/embedding_map/places.js"

const SQUARE = Float32Array.of(0, 0, 1, 0, 1, 1, 0, 1) // four points

function placed(goal = SQUARE) {
  const camera = new Camera(), places = new Places()
  camera.fit([0, 1, 0, 1], 100, 100)
  places.go(goal, 0, 0)
  return { camera, places, visible: new Uint8Array(goal.length / 2).fill(1) }
}

// A box on the screen around a box on the map.
function box(camera, left, bottom, right, top) {
  return [[left, bottom], [right, bottom], [right, top], [left, top]].map(([x, y]) => camera.toScreen(x, y))
}

test("points travel from one frame to the next and arrive", () => {
  const { places } = placed()
  places.go(SQUARE.map((value) => value + 2), 100, 1000)
  assert.ok(places.advance(1050))
  assert.equal(places.x(0), 1) // half of the way after half of the time
  assert.ok(!places.advance(1200))
  assert.equal(places.x(0), 2)
})

test("a journey that is changed goes on from where it is", () => {
  const { places } = placed()
  places.go(SQUARE.map((value) => value + 2), 100, 0)
  places.advance(50)
  places.go(SQUARE.map((value) => value - 9), 100, 50)
  places.advance(50)
  assert.equal(places.x(0), 1)
})

test("another number of points is there at once", () => {
  const { places } = placed()
  places.go(Float32Array.of(5, 6), 100, 0)
  assert.ok(!places.advance(1))
  assert.deepEqual([places.x(0), places.y(0)], [5, 6])
})

test("the nearest point is found within reach", () => {
  const { camera, places, visible } = placed()
  const [left, top] = camera.toScreen(1, 1)
  assert.equal(places.nearest(camera, left + 4, top, 10, visible), 2)
  assert.equal(places.nearest(camera, left + 12, top, 10, visible), -1)
})

test("a hidden point is never the nearest", () => {
  const { camera, places, visible } = placed()
  visible[2] = 0
  assert.equal(places.nearest(camera, ...camera.toScreen(1, 1), 10, visible), -1)
})

test("a box selects what lies inside", () => {
  const { camera, places, visible } = placed()
  const { flags, count } = places.inside(camera, box(camera, 0.5, -0.5, 1.5, 1.5), visible)
  assert.deepEqual([[...flags], count], [[0, 1, 1, 0], 2])
})

test("hidden points are not selected", () => {
  const { camera, places, visible } = placed()
  visible[1] = 0
  const { flags, count } = places.inside(camera, box(camera, -1, -1, 2, 2), visible)
  assert.deepEqual([[...flags], count], [[1, 0, 1, 1], 3])
})

test("a bay of the lasso is outside of it", () => {
  const { camera, places, visible } = placed(Float32Array.of(0.5, 0.8, 0.1, 0.5, 0.9, 0.5))
  const u = [[0, 0], [1, 0], [1, 1], [0.7, 1], [0.7, 0.3], [0.3, 0.3], [0.3, 1], [0, 1]].map(([x, y]) => camera.toScreen(x, y))
  assert.deepEqual([...places.inside(camera, u, visible).flags], [0, 1, 1])
})

test("where the lasso crosses itself twice over is outside", () => {
  const { camera, places, visible } = placed(Float32Array.of(0.5, 0.5))
  const once = box(camera, 0, 0, 1, 1)
  assert.equal(places.inside(camera, once, visible).count, 1)
  assert.equal(places.inside(camera, [...once, once[0], ...once], visible).count, 0)
})

test("the order of drawing holds every point once, the same each time", () => {
  const order = shuffled(1000)
  assert.deepEqual([...order].sort((a, b) => a - b), [...Array(1000).keys()])
  assert.deepEqual(order, shuffled(1000))
  assert.notDeepEqual([...order.slice(0, 10)], [...Array(10).keys()])
})

test("a selection comes back from its bits", () => {
  for (const n of [1, 8, 9, 1000]) {
    const flags = Uint8Array.from({ length: n }, (_, i) => Number(i % 3 === 0))
    assert.deepEqual(fromBits(toBits(flags), n), flags)
  }
})

test("the first point is the lowest bit, as Python reads it", () => {
  assert.equal(toBits(Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0, 1)), Buffer.from([1, 2]).toString("base64"))
})
