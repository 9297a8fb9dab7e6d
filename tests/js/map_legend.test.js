import assert from "node:assert/strict"
import { test } from "node:test"
import { document } from "./page.js"
import { ends, Legend, NONE } from "../../app/widgets/embedding_map/legend.js"
import { learn } from "../../app/widgets/texts.js"

learn({ map_none: "none" })

function legend(names, values, kind = "category") {
  const field = { title: "Mine", kind, names, values, colors: {} }
  const map = { field, theme: { palette: [], primary: [2, 2, 2], gray: [1, 1, 1] }, names: { on: true }, recolor: () => map.legend.draw() }
  map.legend = new Legend(map, document.createElement("div"))
  map.legend.draw()
  return map.legend
}

const buttons = ({ box }) => box.querySelectorAll("[data-class]")
const pressed = (shown) => buttons(shown).map((button) => button.getAttribute("aria-pressed"))

test("categories have their counts, those without one are last", () => {
  const groups = legend(["a", "b"], [0, 0, 1, -1, 7]).groups()
  assert.deepEqual(groups.map(({ name, count }) => [name, count]), [["a", 2], ["b", 1], [NONE, 2]])
})

test("a category called none is not the lack of one", () => {
  const shown = legend(["none", "some"], [0, 1, -1, -1])
  buttons(shown)[0].onclick({ detail: 1 })
  assert.deepEqual(buttons(shown).map((button) => button.textContent), ["none1", "some1", "none2"])
  assert.deepEqual(pressed(shown), ["false", "true", "true"])
})

test("a double click shows one category alone", () => {
  const shown = legend(["a", "b", "c"], [0, 1, 2])
  buttons(shown)[1].onclick({ detail: 2 })
  assert.deepEqual(pressed(shown), ["false", "true", "false"])
})

test("all can be shown again", () => {
  const shown = legend(["a", "b"], [0, 1])
  assert.ok(shown.all.hidden)
  buttons(shown)[0].onclick({ detail: 1 })
  assert.ok(!shown.all.hidden)
  shown.all.click()
  assert.deepEqual(pressed(shown), ["true", "true"])
})

test("what is hidden of one field is found again when it comes back", () => {
  const shown = legend(["a", "b"], [0, 1]), { map } = shown, first = map.field
  buttons(shown)[0].onclick({ detail: 1 })
  map.field = { ...first, title: "Other" }
  assert.equal(shown.hidden.size, 0)
  map.field = first
  assert.deepEqual([...shown.hidden], ["a"])
})

test("the ends of the ramp say when others lie beyond them", () => {
  assert.deepEqual(ends({ low: 0.12345, high: 10, below: true, above: false }), ["≤ 0.123", "10"])
})
