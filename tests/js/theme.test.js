import assert from "node:assert/strict"
import { afterEach, test } from "node:test"
import "./page.js"
import { inTheme } from "../../app/widgets/live_chart/theme.js"

const STATE = { figure: { line: { color: "#0E7C7B" }, other: "#123456" }, dark: { "#0E7C7B": "#5FD3D2" } }
const light = globalThis.getComputedStyle
afterEach(() => { globalThis.getComputedStyle = light })

test("a light page has the colors of the figure", () => {
  assert.equal(inTheme(STATE, {}), STATE)
})

test("a dark page has their counterparts, and others as they are", () => {
  globalThis.getComputedStyle = () => ({ colorScheme: "dark" })
  const { figure, dark } = inTheme(STATE, {})
  assert.deepEqual(figure, { line: { color: "#5FD3D2" }, other: "#123456" })
  assert.equal(dark, STATE.dark)
})
