import assert from "node:assert/strict"
import { test } from "node:test"
import "./page.js"
import { FADED, ramp } from "../../app/widgets/embedding_map/color.js"
import { NONE } from "../../app/widgets/embedding_map/legend.js"
import { pointLooks } from "../../app/widgets/embedding_map/point_looks.js"
import { BAR, shapeOf } from "../../app/widgets/embedding_map/shapes.js"

const [RED, BLUE, GRAY, TEAL] = [[255, 0, 0], [0, 0, 255], [128, 128, 128], [0, 128, 128]]
const THEME = { palette: [RED, BLUE], primary: TEAL, gray: GRAY, background: [255, 255, 255], dark: false }

// The flag, the color and the shape of each point.
function looks(field, { hidden = [], chosen } = {}) {
  const n = field.values.length
  const { visible, bytes, shapes } = pointLooks(n, { names: [], ...field }, THEME, { hidden: new Set(hidden) }, chosen)
  return [...visible].map((flag, i) => [flag, [...bytes.slice(4 * i, 4 * i + 3)], shapes[i], bytes[4 * i + 3]])
}

const CLASSES = { kind: "category", names: ["a", "b"], values: Int16Array.of(0, 1, -1) }

test("each category has its color and shape, those without one a gray bar", () => {
  assert.deepEqual(looks(CLASSES), [[1, RED, shapeOf(0), 255], [1, BLUE, shapeOf(1), 255], [1, GRAY, BAR, 255]])
})

test("what is hidden in the legend is not shown", () => {
  assert.deepEqual(looks(CLASSES, { hidden: ["b"] }).map(([flag]) => flag), [1, 0, 1])
  assert.deepEqual(looks(CLASSES, { hidden: [NONE] }).map(([flag]) => flag), [1, 1, 0])
})

test("without categories all points are discs in the color of the theme", () => {
  assert.deepEqual(looks({ kind: "category", values: Int16Array.of(-1) }), [[1, TEAL, 0, 255]])
})

test("numbers have the colors of the ramp, what is none is a gray bar", () => {
  const colors = ramp(THEME), field = { kind: "number", values: Float32Array.of(0, 1, NaN), range: { low: 0, high: 1 } }
  assert.deepEqual(looks(field), [[1, colors[0], 0, 255], [1, colors.at(-1), 0, 255], [1, GRAY, BAR, 255]])
})

test("while some are selected the others stand back", () => {
  assert.deepEqual(looks(CLASSES, { chosen: Uint8Array.of(1, 0, 0) }).map((look) => look[3]), [255, FADED, FADED])
})
