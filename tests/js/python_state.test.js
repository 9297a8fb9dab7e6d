import assert from "node:assert/strict"
import { beforeEach, test } from "node:test"
import { PythonState } from "../../app/widgets/embedding_map/python_state.js"
import { Clock } from "./page.js"

const NOTHING = { pinned: null, selected: "", step: null }
beforeEach(() => new Clock())

function talking(serial = 0) {
  const told = [], map = { state: { key: "one" }, spoken: { tell() {} }, tellPython: (_, said) => told.push(said) }
  const state = new PythonState(map)
  assert.deepEqual(state.hear({ ...NOTHING, serial }), {})
  return { state, told }
}

test("what is done is told with a number, and once", () => {
  const { state, told } = talking(4)
  state.tell("pinned", 7)
  state.tell("pinned", 7)
  assert.deepEqual(told, [{ ...NOTHING, pinned: 7, serial: 5 }])
})

test("what Python says of an older message changes nothing", () => {
  const { state } = talking()
  state.tell("pinned", 7)
  assert.deepEqual(state.hear({ ...NOTHING, serial: 0 }), {})
})

test("what the page decides counts, and is the browser's from then on", () => {
  const { state, told } = talking()
  state.tell("pinned", 7)
  assert.deepEqual(state.hear({ ...NOTHING, pinned: 9, step: 100, serial: 1 }), { pinned: 9, step: 100 })
  assert.deepEqual(told.at(-1), { pinned: 9, selected: "", step: 100, serial: 2 })
})

test("an answer that agrees is not answered", () => {
  const { state, told } = talking()
  state.tell("step", 5)
  assert.deepEqual(state.hear({ ...NOTHING, step: 5, serial: 1 }), {})
  assert.equal(told.length, 1)
})
