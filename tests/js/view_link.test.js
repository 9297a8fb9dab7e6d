import assert from "node:assert/strict"
import { beforeEach, test } from "node:test"
import { Clock, document } from "./page.js"
import viewLink from "../../app/widgets/view_grid/view_link.js"

let clock, told, end
beforeEach(() => {
  end?.()
  clock = new Clock()
  told = []
  globalThis.byolSpoke = globalThis.byolViews = undefined
  const say = (what, value) => told.push([what, value])
  end = viewLink({ data: { notes: { about: "x" }, rest: "x", again: null }, parentElement: document.createElement("div"), setStateValue: say, setTriggerValue: say })
})

const show = (about) => dispatchEvent(new CustomEvent("byol-views-shown", { detail: { about } }))

test("views are asked about once nothing moved for a moment", async () => {
  for (const about of ["a", "b", "c"]) {
    show(about)
    await clock.pass(500)
  }
  assert.deepEqual(told, [])
  await clock.pass(500)
  assert.deepEqual(told, [["rest", "c"]])
})

test("what was asked about is not asked about again", async () => {
  show("x")
  await clock.pass(2000)
  assert.deepEqual(told, [])
})

test("the view that was picked is told", () => {
  dispatchEvent(new CustomEvent("byol-view-picked", { detail: [2, 1] }))
  assert.deepEqual(told, [["pick", [2, 1]]])
})

test("what the model says goes with the widget", () => {
  assert.deepEqual(globalThis.byolViewNotes, { about: "x" })
  end()
  assert.equal(globalThis.byolViewNotes, undefined)
})
