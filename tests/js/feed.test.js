import assert from "node:assert/strict"
import { beforeEach, test } from "node:test"
import { document, pack } from "./page.js"
import feed from "../../app/widgets/live_chart/feed.js"
import { page } from "../../app/widgets/live_chart/series.js"

beforeEach(() => {
  page.curves.clear()
  page.listeners.clear()
})

// Each call brings a message of one curve; gives what the server is told.
function feeding() {
  const parentElement = document.createElement("div"), told = []
  return (after, ...steps) => {
    const column = Float64Array.from(steps)
    const data = pack({ curves: [{ id: "a/1/loss", after, count: steps.length }] }, { step: column, epoch: column, seconds: column, value: column })
    feed({ data, parentElement, setStateValue: (_, value) => told.push(value) })
    return told
  }
}

test("charts hear of new points", () => {
  const heard = []
  page.listeners.add((changed) => heard.push([...changed]))
  feeding()(-1, 0, 1)
  assert.deepEqual(heard, [["a/1/loss"]])
})

test("a short message is not answered, a long one is, once", () => {
  const bring = feeding(), steps = [...Array(100).keys()]
  assert.deepEqual(bring(-1, 0), [])
  assert.deepEqual(bring(-1, ...steps), [{ "a/1/loss": 99 }])
  assert.equal(bring(-1, ...steps).length, 1)
})

test("a gap has the server told what is here", () => {
  const bring = feeding()
  bring(-1, 0, 1)
  assert.deepEqual(bring(5, 6), [{ "a/1/loss": 1 }])
})
