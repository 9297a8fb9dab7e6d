import assert from "node:assert/strict"
import { beforeEach, test } from "node:test"
import "./page.js"
import { keepFile } from "../../app/widgets/embedding_map/files.js"
import { Sheets } from "../../app/widgets/embedding_map/sheets.js"

const SIDE = 1000 // pixels of a decoded sheet
let closed

beforeEach(() => {
  closed = []
  globalThis.byolFiles = undefined
  globalThis.createImageBitmap = async ({ name }) => ({ name, width: SIDE, height: SIDE, close: () => closed.push(name) })
  for (const name of ["a", "b", "c"]) keepFile(name, { name, size: 1 })
})

function sheets() {
  return new Sheets({ state: { key: "one", sheets: { files: ["a", "b", "c"], perSheet: 6, columns: 3, cell: 32 } } })
}

test("the picture of a point is cut from its place in its sheet", async () => {
  const [bitmap, left, top, side] = await sheets().cut(6 + 4) // the second sheet, second row, second column
  assert.deepEqual([bitmap.name, left, top, side], ["b", 32, 32, 32])
})

test("without sheets there is no picture", async () => {
  const none = sheets()
  none.map.state.sheets = null
  assert.equal(await none.cut(0), null)
})

test("decoded sheets beyond the budget go, the one looked at last stays", async () => {
  const found = sheets()
  found.budget = 2 * SIDE * SIDE * 4
  for (const i of [0, 6, 0, 12]) await found.cut(i)
  assert.deepEqual(closed, ["b"])
  assert.deepEqual([...found.decoded.keys()], ["a", "c"])
})

test("a sheet that cannot be decoded leaves the others alone", async () => {
  globalThis.createImageBitmap = async () => { throw new Error("no image") }
  assert.equal(await sheets().cut(0), null)
})
