// Colors of the points: the theme's for categories, a color map for numbers that the color-blind can read: Viridis
// (Smith and van der Walt, 2015) without the end that vanishes on the background.
const VIRIDIS = [
  [68, 1, 84], [71, 45, 123], [59, 82, 139], [44, 114, 142], [33, 145, 140], [40, 174, 128], [94, 201, 98],
  [173, 220, 48], [253, 231, 37],
]
const LEVELS = 64 // of the ramp: few enough to draw point by point in groups of one color
export const FADED = 128 // alpha of a point that is drawn, but stands back
const parsed = new Map()

function themed(root, name) {
  return getComputedStyle(root).getPropertyValue(`--st-${name}`).trim()
}

// Any color that CSS knows as [red, green, blue].
function rgb(css) {
  if (!parsed.has(css)) {
    const pen = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d")
    pen.fillStyle = css
    pen.fillRect(0, 0, 1, 1)
    parsed.set(css, [...pen.getImageData(0, 0, 1, 1).data.slice(0, 3)])
  }
  return parsed.get(css)
}

export function mixed(one, other, share) {
  return one.map((value, i) => Math.round(value + (other[i] - value) * share))
}

export function hex(color) {
  return `#${color.map((value) => value.toString(16).padStart(2, "0")).join("")}`
}

// What the drawing needs to know of the theme.
export function readTheme(root) {
  const text = rgb(themed(root, "text-color"))
  const background = mixed(rgb(themed(root, "background-color")), rgb(themed(root, "secondary-background-color")), 0.45)
  return {
    text, background, dark: text[0] + text[1] + text[2] > 384, // light letters
    primary: rgb(themed(root, "primary-color")), gray: rgb(themed(root, "gray-color")),
    amber: rgb(themed(root, "orange-color")), font: getComputedStyle(root).fontFamily,
    palette: themed(root, "chart-categorical-colors").split(",").filter(Boolean).map((css) => rgb(css.trim())),
  }
}

// The theme's colors, which anybody can tell apart, round by round: shapes tell one round from another (shapes.js).
export function categoryColors({ palette, primary }, count) {
  return Array.from({ length: count || 1 }, (_, i) => (count && palette.length ? palette[i % palette.length] : primary))
}

export function ramp({ dark }) {
  const [low, high] = dark ? [0.14, 1] : [0, 0.93]
  return Array.from({ length: LEVELS }, (_, level) => {
    const at = (low + ((high - low) * level) / (LEVELS - 1)) * (VIRIDIS.length - 1)
    const below = Math.min(Math.floor(at), VIRIDIS.length - 2)
    return mixed(VIRIDIS[below], VIRIDIS[below + 1], at - below)
  })
}

// From the 1st to the 99th hundredth: a few odd ones must not give all others one color.
export function numberRange(values) {
  const stride = Math.max(1, Math.floor(values.length / 20000))
  const sample = Float32Array.from(values.filter((value, i) => i % stride === 0 && Number.isFinite(value))).sort()
  if (!sample.length) return null
  const at = (share) => sample[Math.round(share * (sample.length - 1))]
  const [low, high] = at(0.01) < at(0.99) ? [at(0.01), at(0.99)] : [sample[0], sample[sample.length - 1]]
  return { low, high, below: sample[0] < low, above: sample[sample.length - 1] > high }
}

export function level(value, { low, high }) {
  const share = high > low ? (value - low) / (high - low) : 0.5
  return Math.round(Math.min(Math.max(share, 0), 1) * (LEVELS - 1))
}

// The color of each point as four bytes: alpha 0 hides it, FADED lets it stand back, 255 shows it.
export function pointColors(n, colorOf, visible, chosen, background) {
  const bytes = new Uint8Array(4 * n)
  for (let i = 0, at = 0; i < n; i += 1, at += 4) {
    if (!visible[i]) continue
    const back = chosen && !chosen[i]
    const color = back ? mixed(colorOf(i), background, 0.78) : colorOf(i)
    bytes[at] = color[0]
    bytes[at + 1] = color[1]
    bytes[at + 2] = color[2]
    bytes[at + 3] = back ? FADED : 255
  }
  return bytes
}
