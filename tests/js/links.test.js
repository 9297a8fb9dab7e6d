import assert from "node:assert/strict"
import { afterEach, test } from "node:test"
import "./page.js"
import { Links } from "../../app/widgets/embedding_map/links.js"

const open = []
afterEach(() => open.splice(0).forEach((links) => links.close()))

// A map of these images; by default it is linked with all others.
function map(key, ids, link = "pair") {
  const made = { state: { key, link }, ids, pinned: null, selection: null, linked: {}, linkedNear: [], shown: [] }
  made.visible = new Uint8Array(ids.length).fill(1)
  Object.assign(made, { mark() {}, toolbar: { draw() {} }, nearOf: (i) => (i === null ? [] : [i + 100]) })
  made.pin = (i) => { made.pinned = i }
  made.card = { show: (i) => made.shown.push(i), hide: () => made.shown.push(null) }
  made.selecting = { takeLinked: (points) => { made.taken = points } }
  made.links = new Links(made)
  open.push(made.links)
  return made
}

test("a hover is shown where the same image is", () => {
  const one = map("one", [10, 20, 30]), two = map("two", [30, 10])
  one.links.tell("hover", [2])
  assert.deepEqual([two.linked.hover, two.shown], [0, [0]])
  one.links.tell("hover", [])
  assert.deepEqual([two.linked.hover, two.shown.at(-1)], [null, null])
})

test("an image that a map does not have is not shown there", () => {
  const one = map("one", [10, 20]), two = map("two", [10])
  one.links.tell("hover", [1])
  assert.deepEqual([two.linked.hover, two.shown], [null, [null]])
})

test("a map does not hear itself, nor one of another link", () => {
  const one = map("one", [10]), other = map("other", [10], "else"), alone = map("alone", [10], null)
  one.links.tell("hover", [0])
  assert.deepEqual([one.linked, other.linked, alone.linked], [{}, {}, {}])
})

test("a pin has its neighbors on the linked map at once", () => {
  const one = map("one", [10, 20]), two = map("two", [20, 10])
  one.links.tell("pin", [0])
  assert.deepEqual([two.linked.pin, two.linkedNear], [1, [101]])
})

test("a selection comes as the points of the other map", () => {
  const one = map("one", [10, 20, 30]), two = map("two", [30, 20])
  one.selection = { flags: Uint8Array.of(1, 1, 1) }
  one.links.tellSelection()
  assert.deepEqual(two.taken, [1, 0])
  one.selection = null
  one.links.tellSelection()
  assert.equal(two.taken, null)
})

test("whoever comes later is told what is pinned and selected", () => {
  const one = map("one", [10, 20])
  one.pinned = 1
  one.selection = { flags: Uint8Array.of(1, 0) }
  const two = map("two", [20, 10])
  two.links.meet()
  assert.deepEqual([two.linked.pin, two.taken], [0, [1]])
})

test("a pin can be freed from any map", () => {
  const one = map("one", [10]), two = map("two", [10])
  one.pinned = 0
  two.links.free()
  assert.equal(one.pinned, null)
})

test("nothing of a map that goes stays behind", () => {
  const one = map("one", [10]), two = map("two", [10])
  Object.assign(one, { pinned: 0, selection: { flags: Uint8Array.of(1) } })
  one.links.meet()
  assert.equal(two.linked.pin, 0)
  one.links.close()
  assert.deepEqual([two.linked.pin, two.linked.hover, two.taken], [null, null, null])
})
