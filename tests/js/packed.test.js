import assert from "node:assert/strict"
import { test } from "node:test"
import { unpack } from "../../app/widgets/packed.js"
import { pack } from "./page.js"

test("arrays come out as they went in, whatever their lengths", () => {
  for (const n of [0, 1, 3, 8]) {
    const [x, flags, labels] = [Float32Array.from({ length: n }, (_, i) => i / 4), new Uint8Array(n).fill(7), new Int16Array(n).fill(-1)]
    const found = unpack(pack({ name: "é" }, { flags, x, labels }))
    assert.equal(found.name, "é")
    assert.deepEqual([found.flags, found.x, found.labels], [flags, x, labels])
  }
})

test("a message that does not start at a multiple of eight is read", () => {
  const message = pack({}, { x: Float64Array.of(1.5, -2) })
  const moved = new Uint8Array(message.length + 3).subarray(3)
  moved.set(message)
  assert.deepEqual(unpack(moved).x, Float64Array.of(1.5, -2))
})
