import assert from "node:assert/strict"
import { test } from "node:test"
import { fromBits, toBits } from "../../app/widgets/embedding_map/places.js"
import { Selecting } from "../../app/widgets/embedding_map/selecting.js"

// A map of four points of which `found` lie inside of any line, and what it told Python and linked maps.
function map(found = []) {
  const made = { state: { n: 4 }, selection: null, told: [], linked: 0, recolor() {}, toolbar: { draw() {} } }
  const flags = Uint8Array.from({ length: 4 }, (_, i) => Number(found.includes(i)))
  made.places = { inside: () => ({ flags, count: found.length }) }
  made.pythonState = { tell: (what, bits) => made.told.push([what, bits && [...fromBits(bits, 4)]]) }
  made.spoken = { tell: (what) => made.told.push(["spoken", what]) }
  made.links = { tellSelection: () => { made.linked += 1 }, get ownSelection() { return made.selection?.foreign ? null : made.selection } }
  made.selecting = new Selecting(made)
  return made
}

test("what lies inside is selected and told", () => {
  const made = map([1, 2])
  made.selecting.inside([])
  assert.deepEqual(made.told, [["selected", [0, 1, 1, 0]]])
  assert.deepEqual([made.selection.count, made.linked], [2, 1])
})

test("a line around nothing clears the selection", () => {
  const made = map([])
  made.selection = { flags: Uint8Array.of(1, 0, 0, 0), count: 1 }
  made.selecting.inside([])
  assert.equal(made.selection, null)
  assert.deepEqual(made.told, [["selected", ""]])
})

test("undo brings back the selection before, and then nothing", () => {
  const made = map([1])
  const first = { flags: Uint8Array.of(1, 0, 0, 0), count: 1 }
  made.selecting.set(first)
  made.selecting.inside([])
  made.selecting.undo()
  assert.equal(made.selection, first)
  made.selecting.undo()
  assert.equal(made.selection, null)
  made.selecting.undo() // nothing is left, and nothing happens
  assert.equal(made.selection, null)
})

test("nothing is not kept twice, and no more than 20 are kept", () => {
  const made = map()
  made.selecting.set(null)
  made.selecting.set(null)
  assert.deepEqual(made.selecting.before, [null])
  for (let i = 0; i < 50; i += 1) made.selecting.set({ flags: new Uint8Array(4), count: i })
  assert.equal(made.selecting.before.length, 20)
})

test("what the page decides is drawn and spoken, not told again", () => {
  const made = map()
  made.selecting.take(toBits(Uint8Array.of(0, 0, 1, 1)))
  assert.equal(made.selection.count, 2)
  assert.deepEqual(made.told, [["spoken", "selected"]])
})

test("a selection of a linked map takes the place of the own one", () => {
  const made = map()
  made.selection = { flags: Uint8Array.of(1, 0, 0, 0), count: 1 }
  made.selecting.takeLinked([1, 3])
  assert.deepEqual([[...made.selection.flags], made.selection.foreign], [[0, 1, 0, 1], true])
  assert.deepEqual(made.told, [["selected", ""]]) // to Python, this map has none now
})

test("the page clears no selection that a linked map made", () => {
  const made = map()
  made.selecting.takeLinked([1])
  made.selecting.take("")
  assert.equal(made.selection.count, 1)
})
