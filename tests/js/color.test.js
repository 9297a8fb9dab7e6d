import assert from "node:assert/strict"
import { test } from "node:test"
import { categoryColors, FADED, hex, level, mixed, numberRange, pointColors, ramp } from "../../app/widgets/embedding_map/color.js"

const [RED, BLACK] = [[255, 0, 0], [0, 0, 0]]

test("a color is written as CSS reads it", () => {
  assert.equal(hex([0, 10, 255]), "#000aff")
})

test("a mixture lies between its colors", () => {
  assert.deepEqual(mixed([0, 100, 200], [100, 100, 0], 0.5), [50, 100, 100])
})

test("more categories than colors begin anew", () => {
  assert.deepEqual(categoryColors({ palette: [RED, BLACK], primary: [1, 1, 1] }, 3), [RED, BLACK, RED])
})

test("without categories the points have the color of the theme", () => {
  assert.deepEqual(categoryColors({ palette: [RED], primary: [1, 1, 1] }, 0), [[1, 1, 1]])
})

test("a few odd values do not take the colors of all others", () => {
  const values = Float32Array.from({ length: 1000 }, (_, i) => (i === 500 ? 1e6 : i / 1000))
  const range = numberRange(values)
  assert.ok(range.high < 1.01 && range.above && range.below)
})

test("values that are not numbers have no part in the range", () => {
  const { low, high } = numberRange(Float32Array.of(NaN, 1, 2, Infinity))
  assert.deepEqual([low, high], [1, 2])
  assert.equal(numberRange(Float32Array.of(NaN)), null)
})

test("the ends of the range have the ends of the ramp, and so has all beyond", () => {
  const range = { low: 0, high: 10 }, last = ramp({ dark: true }).length - 1
  assert.deepEqual([-5, 0, 10, 99].map((value) => level(value, range)), [0, 0, last, last])
  assert.equal(level(3, { low: 3, high: 3 }), Math.round(last / 2))
})

test("the ramp gets lighter all the way, on light and dark pages", () => {
  for (const dark of [false, true]) {
    const light = ramp({ dark }).map(([red, green, blue]) => 0.21 * red + 0.72 * green + 0.07 * blue)
    assert.ok(light.every((value, i) => i === 0 || value > light[i - 1] - 1))
    assert.ok(light.at(-1) > light[0] + 100)
  }
})

test("hidden points are clear, those that stand back faded, the others full", () => {
  const bytes = pointColors(3, () => RED, Uint8Array.of(0, 1, 1), Uint8Array.of(1, 0, 1), BLACK)
  assert.deepEqual([bytes[3], bytes[7], bytes[11]], [0, FADED, 255])
  assert.deepEqual([...bytes.slice(8, 11)], RED)
  assert.ok(bytes[4] < 255) // mixed with the background
})
