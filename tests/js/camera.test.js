import assert from "node:assert/strict"
import { test } from "node:test"
import { Camera } from "../../app/widgets/embedding_map/camera.js"

const EXTENT = [-10, 10, -5, 5] // left, right, bottom, top

function fitted(width = 800, height = 400) {
  const camera = new Camera()
  camera.fit(EXTENT, width, height)
  return camera
}

test("home shows the whole map", () => {
  const camera = fitted()
  for (const [x, y] of [[-10, -5], [-10, 5], [10, -5], [10, 5]]) {
    const [left, top] = camera.toScreen(x, y)
    assert.ok(left > 0 && left < 800 && top > 0 && top < 400)
  }
  assert.deepEqual(camera.toScreen(0, 0), [400, 200])
})

test("up on the map is up on the screen", () => {
  const camera = fitted()
  assert.ok(camera.toScreen(0, 1)[1] < camera.toScreen(0, 0)[1])
})

test("the screen and the map are inverse to each other", () => {
  const camera = fitted()
  camera.zoom(3, 100, 50)
  camera.pan(17, -9)
  const [x, y] = camera.toMap(...camera.toScreen(1.25, -2.5))
  assert.ok(Math.abs(x - 1.25) < 1e-9 && Math.abs(y + 2.5) < 1e-9)
})

test("a zoom keeps the place under the mouse", () => {
  const camera = fitted()
  const before = camera.toMap(123, 77)
  camera.zoom(2.5, 123, 77)
  camera.toMap(123, 77).forEach((value, i) => assert.ok(Math.abs(value - before[i]) < 1e-9))
})

test("a zoom ends at half and at 400 times the whole", () => {
  const camera = fitted()
  camera.zoom(1e9)
  assert.equal(camera.scale, 400 * camera.homeScale)
  camera.zoom(1e-9)
  assert.equal(camera.scale, camera.homeScale / 2)
})

test("dragging moves the points with the mouse", () => {
  const camera = fitted()
  const [left, top] = camera.toScreen(1, 1)
  camera.pan(30, -20)
  const [nowLeft, nowTop] = camera.toScreen(1, 1)
  assert.ok(Math.abs(nowLeft - left - 30) < 1e-9 && Math.abs(nowTop - top + 20) < 1e-9)
})

test("at home a larger map is shown whole again", () => {
  const camera = fitted()
  camera.fit([-20, 20, -10, 10], 800, 400)
  assert.ok(camera.toScreen(20, 10)[0] < 800)
  assert.equal(camera.view, null)
})

test("away from home new points do not move the view", () => {
  const camera = fitted()
  camera.zoom(4, 100, 100)
  const before = camera.toMap(0, 0)
  camera.fit([-20, 20, -10, 10], 800, 400)
  assert.deepEqual(camera.toMap(0, 0), before)
})

test("a view is found again on a map of another size", () => {
  const camera = fitted()
  camera.zoom(4, 100, 100)
  const other = fitted(400, 200)
  other.view = camera.view
  assert.deepEqual([other.x, other.y, other.scale / other.homeScale], [camera.x, camera.y, camera.scale / camera.homeScale])
  other.view = null
  assert.ok(other.atHome)
})

test("a map of one point has a scale", () => {
  const camera = new Camera()
  camera.fit([1, 1, 2, 2], 300, 200)
  assert.deepEqual(camera.toScreen(1, 2), [150, 100])
  assert.ok(Number.isFinite(camera.scale) && camera.scale > 0)
})
