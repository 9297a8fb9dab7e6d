import assert from "node:assert/strict"
import { beforeEach, test } from "node:test"
import { Clock, document } from "./page.js"
import legend from "../../app/widgets/live_chart/legend.js"
import { page } from "../../app/widgets/live_chart/series.js"

const LINES = ["a", "b", "c"].map((group) => ({ name: `run ${group}`, color: "#000000", dash: "solid", group }))
let clock

beforeEach(() => {
  clock = new Clock()
  page.hidden.clear()
  page.listeners.clear()
  page.groups = ""
})

function shown() {
  const parent = document.createElement("div")
  legend({ data: { lines: LINES, dark: {} }, parentElement: parent })
  return parent.children[0].children
}

function click(button, times = 1) {
  for (let i = 0; i < times; i += 1) button.onclick()
}

test("a click hides a line in all charts, another one shows it", async () => {
  const buttons = shown(), heard = []
  page.listeners.add((changed) => heard.push(changed.has("a")))
  click(buttons[0])
  assert.deepEqual([[...page.hidden], buttons[0].getAttribute("aria-pressed"), heard], [["a"], "false", [true]])
  await clock.pass(1000)
  click(buttons[0])
  assert.deepEqual([[...page.hidden], buttons[0].getAttribute("aria-pressed")], [[], "true"])
})

test("a double click shows one line alone, a second one all", async () => {
  const buttons = shown()
  click(buttons[1], 2)
  assert.deepEqual([...page.hidden], ["a", "c"])
  await clock.pass(1000)
  click(buttons[1], 2)
  assert.equal(page.hidden.size, 0)
})

test("two slow clicks are no double click", async () => {
  const buttons = shown()
  click(buttons[1])
  await clock.pass(400)
  click(buttons[2])
  assert.deepEqual([...page.hidden], ["b", "c"])
})
