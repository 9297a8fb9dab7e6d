import assert from "node:assert/strict"
import { test } from "node:test"
import { tellApart } from "../../app/widgets/apart.js"
import { Clock } from "./page.js"

test("one widget says all that it says at once", () => {
  new Clock()
  const said = []
  for (const what of [1, 2, 3]) tellApart("one", () => said.push(what))
  assert.deepEqual(said, [1, 2, 3])
})

test("two widgets are kept apart, and both are heard", async () => {
  const clock = new Clock(), said = []
  globalThis.byolSpoke = undefined
  for (const who of ["one", "two", "three"]) tellApart(who, () => said.push([who, clock.now]))
  assert.deepEqual(said.map(([who]) => who), ["one"])
  await clock.pass(200)
  assert.deepEqual(said.map(([who]) => who), ["one", "two", "three"])
  assert.ok(said.every(([, at], i) => i === 0 || at - said[i - 1][1] >= 40))
})

test("on a page too busy to send, the second waits however late it is", async () => {
  const clock = new Clock(), said = []
  globalThis.byolSpoke = undefined
  tellApart("one", () => said.push("one"))
  clock.now += 100 // and no timer has run
  tellApart("two", () => said.push("two"))
  assert.deepEqual(said, ["one"])
  await clock.pass(200)
  assert.deepEqual(said, ["one", "two"])
})
