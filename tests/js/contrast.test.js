import assert from "node:assert/strict"
import { test } from "node:test"
import { contrast, letters } from "../../app/widgets/confusion_matrix/contrast.js"

test("contrast is that of WCAG: 21 for black on white, 1 for a color on itself", () => {
  assert.ok(Math.abs(contrast([0, 0, 0], [1, 1, 1]) - 21) < 1e-9)
  assert.equal(contrast([0.2, 0.4, 0.6], [0.2, 0.4, 0.6]), 1)
})

test("letters on a shaded cell can be read whatever its shade", () => {
  const [light, dark] = [[0.95, 0.94, 0.91], [0.11, 0.15, 0.16]], tone = [0.08, 0.5, 0.48]
  const css = { "#fff": [1, 1, 1], "#000": [0, 0, 0] }
  for (const [ground, text] of [[light, [0.04, 0.07, 0.09]], [dark, [0.9, 0.92, 0.91]]]) {
    for (let shade = 0; shade <= 100; shade += 1) {
      const cell = ground.map((part, i) => part + ((tone[i] - part) * shade) / 100)
      assert.ok(contrast(cell, css[letters(cell, text)] ?? text) >= 4.5, `shade ${shade}`)
    }
  }
})
