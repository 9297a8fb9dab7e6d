// What each point looks like: whether it is shown, its color and its shape, from the field it is colored by, the theme, what
// is hidden in the legend and what is selected.
import { categoryColors, level, pointColors, ramp } from "./color.js"
import { NONE } from "./legend.js"
import { BAR, shapeOf } from "./shapes.js"

// ``chosen``: flags of the selected points, if any are. Colors are four bytes a point (color.js).
export function pointLooks(n, field, theme, legend, chosen) {
  const look = field.kind === "number" ? numberLook(field, theme) : categoryLook(field, theme, legend)
  const visible = Uint8Array.from(field.values, look.shows)
  const colorOf = (i) => look.color(field.values[i])
  return { visible, bytes: pointColors(n, colorOf, visible, chosen, theme.background), shapes: Uint8Array.from(field.values, look.shape) }
}

function numberLook({ range }, theme) {
  const colors = ramp(theme)
  return {
    shows: () => 1,
    color: (value) => (Number.isFinite(value) ? colors[level(value, range)] : theme.gray),
    shape: (value) => (Number.isFinite(value) ? 0 : BAR),
  }
}

// Without any category all points are discs in the color of the theme.
function categoryLook({ names }, theme, { hidden }) {
  const colors = categoryColors(theme, names.length)
  const known = (value) => names[value] !== undefined
  return {
    shows: (value) => Number(!hidden.has(known(value) ? names[value] : NONE)),
    color: (value) => (names.length ? colors[value] ?? theme.gray : colors[0]),
    shape: (value) => (!names.length ? 0 : known(value) ? shapeOf(value) : BAR),
  }
}
