import assert from "node:assert/strict"
import { test } from "node:test"
import { BAR, CELLS, SHAPES, shapeOf, symbolSvg } from "../../app/widgets/embedding_map/shapes.js"

test("a hundred categories differ in color or shape", () => {
  assert.equal(new Set(Array.from({ length: 100 }, (_, i) => `${i % 10} ${shapeOf(i)}`)).size, 100)
})

test("no category has the shape of those without one", () => {
  assert.ok(Array.from({ length: 200 }, (_, i) => shapeOf(i)).every((shape) => shape >= 0 && shape < BAR))
})

test("the sheet has a cell for each shape, and smaller copies", () => {
  assert.ok(SHAPES.length <= CELLS)
  assert.equal(Math.log2(CELLS) % 1, 0) // WebGL makes smaller copies of powers of two alone
})

test("a disc on paper is a circle, other shapes are paths at their place", () => {
  assert.equal(symbolSvg(0, 1, 2, 3, "#123456"), '<circle cx="1.0" cy="2.0" r="3.0" fill="#123456"/>')
  assert.match(symbolSvg(1, 1, 2, 3, "#123456"), /^<path transform="translate\(1\.0 2\.0\) scale\(3\.00\)".*fill="#123456"\/>$/)
})
