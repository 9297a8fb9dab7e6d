// The map as it is now, as a file: PNG at twice the size, or SVG, with its title and legend.
import { hex, ramp } from "./color.js"
import { text as said } from "../texts.js"
import { ends } from "./legend.js"
import { marks, marksPaint, marksSvg } from "./overlay.js"
import { cssOf, eachPoint, paintPoints } from "./points_2d.js"
import { symbolPaint, symbolSvg } from "./shapes.js"
import { escaped, font } from "./text.js"

const EDGE = 16 // pixels around everything
const HEAD = 40 // pixels for the title
const LINE = 24 // pixels a line of the legend takes
const TWICE = 2

export function download(map, kind) {
  if (!map.places.ready || !map.bytes) return
  const paper = layOut(map)
  const named = (blob) => {
    const url = URL.createObjectURL(blob)
    Object.assign(document.createElement("a"), { href: url, download: `embedding-map.${kind}` }).click()
    setTimeout(() => URL.revokeObjectURL(url), 10000)
  }
  if (kind === "png") onCanvas(map, paper).toBlob(named, "image/png")
  else named(new Blob([asSvg(map, paper)], { type: "image/svg+xml" }))
}

// Where the title, the map and each item of the legend go.
function layOut(map) {
  const { camera, field } = map
  const pen = document.createElement("canvas").getContext("2d")
  pen.font = font(map.theme, 13)
  const items = []
  let [x, y] = [EDGE, HEAD + camera.height + LINE]
  for (const group of map.legend.groups().filter((group) => !map.legend.hidden.has(group.name))) {
    const { color, shape } = group, name = group.name ?? said("map_none")
    const wide = 20 + pen.measureText(name).width + 16
    if (x + wide > camera.width + EDGE && x > EDGE) [x, y] = [EDGE, y + LINE]
    items.push({ x, y, name, color, shape })
    x += wide
  }
  if (field.kind === "category") return { items, height: y + EDGE }
  return { items, y, height: y + EDGE, bar: field.range && { ends: ends(field.range), colors: ramp(map.theme), x: EDGE + 8 + pen.measureText(field.title).width } }
}

function dots(map) {
  const { places, bytes, shapes, order, camera, pointSize: size } = map
  return { origin: places.origin, goal: places.goal, moved: places.moved, bytes, shapes, order, camera, size }
}

function onCanvas(map, paper) {
  const { camera, theme } = map
  const canvas = document.createElement("canvas")
  Object.assign(canvas, { width: TWICE * (camera.width + 2 * EDGE), height: TWICE * paper.height })
  const pen = canvas.getContext("2d")
  pen.scale(TWICE, TWICE)
  pen.fillStyle = hex(theme.background)
  pen.fillRect(0, 0, canvas.width, canvas.height)
  pen.save()
  pen.translate(EDGE, HEAD)
  pen.beginPath()
  pen.rect(0, 0, camera.width, camera.height)
  pen.clip()
  paintPoints(pen, dots(map))
  marksPaint(pen, marks(map), theme)
  pen.restore()
  legendPaint(pen, map, paper)
  return canvas
}

function legendPaint(pen, map, { items, bar, y }) {
  const write = (text, x, top, size = 13, weight = 400) => {
    pen.font = font(map.theme, size, weight)
    pen.fillStyle = hex(map.theme.text)
    pen.fillText(text, x, top)
  }
  write(titleOf(map), EDGE, HEAD - 14, 15, 600)
  for (const { x, y: top, name, color, shape } of items) {
    pen.fillStyle = hex(color)
    symbolPaint(pen, shape, x + 6, top - 4.5, 5)
    write(name, x + 20, top)
  }
  if (!bar) return
  write(`${map.field.title}  ${bar.ends[0]}`, EDGE, y)
  const left = EDGE + 16 + pen.measureText(`${map.field.title}  ${bar.ends[0]}`).width
  bar.colors.forEach((color, i) => {
    pen.fillStyle = hex(color)
    pen.fillRect(left + 3 * i, y - 11, 3.5, 13)
  })
  write(bar.ends[1], left + 3 * bar.colors.length + 12, y)
}

function titleOf(map) {
  const { state, timeline } = map
  return [state.label, state.frames.steps.length > 1 ? timeline.words.textContent : "", map.field.title].filter(Boolean).join(" · ")
}

function asSvg(map, paper) {
  const { camera, theme } = map
  const [width, height] = [camera.width + 2 * EDGE, paper.height]
  const family = escaped(theme.font || "sans-serif")
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="${family}" font-size="13">`,
    `<title>${escaped(titleOf(map))}</title>`,
    `<rect width="${width}" height="${height}" fill="${hex(theme.background)}"/>`,
    `<svg x="${EDGE}" y="${HEAD}" width="${camera.width}" height="${camera.height}">`,
    svgDots(dots(map)), marksSvg(marks(map), theme), "</svg>", svgLegend(map, paper), "</svg>",
  ].join("\n")
}

function svgDots(points) {
  const lines = []
  eachPoint(points, (x, y, color, shape) => lines.push(symbolSvg(shape ?? 0, x, y, points.size / 2, cssOf(color))))
  return lines.join("\n")
}

function svgLegend(map, { items, bar, y }) {
  const text = hex(map.theme.text)
  const write = (words, x, top, more = "") => `<text x="${x}" y="${top}" fill="${text}"${more}>${escaped(words)}</text>`
  const parts = [write(titleOf(map), EDGE, HEAD - 14, ' font-size="15" font-weight="600"')]
  for (const { x, y: top, name, color, shape } of items) {
    parts.push(`<g class="byol-map-item">${symbolSvg(shape, x + 6, top - 4.5, 5, hex(color))}</g>`, write(name, x + 20, top))
  }
  if (!bar) return parts.join("\n")
  const left = bar.x + 80
  parts.push(write(`${map.field.title}  ${bar.ends[0]}`, EDGE, y))
  bar.colors.forEach((color, i) => parts.push(`<rect x="${left + 3 * i}" y="${y - 11}" width="3.5" height="13" fill="${hex(color)}"/>`))
  parts.push(write(bar.ends[1], left + 3 * bar.colors.length + 12, y))
  return parts.join("\n")
}
