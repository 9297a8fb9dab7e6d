// Shapes of the points, because not everybody can tell two colors apart. Each is a path around (0, 0) that covers about
// as much as a disc of radius 1, is nowhere more than 1.45 away, and is filled by the even-odd rule.
import { hex } from "./color.js"

export const SHAPES = [
  "M1 0A1 1 0 1 1-1 0A1 1 0 1 1 1 0Z", // disc
  "M-.9-.9H.9V.9H-.9Z", // square
  "M0-1.4L1.25 .85H-1.25Z", // triangle
  "M0-1.3L1.3 0L0 1.3L-1.3 0Z", // diamond
  "M0 1.4L1.25-.85H-1.25Z", // triangle on its tip
  "M-.42-1.3H.42V-.42H1.3V.42H.42V1.3H-.42V.42H-1.3V-.42H-.42Z", // plus
  "M-.6-1.2L0-.6L.6-1.2L1.2-.6L.6 0L1.2 .6L.6 1.2L0 .6L-.6 1.2L-1.2 .6L-.6 0L-1.2-.6Z", // cross
  "M1.15 0A1.15 1.15 0 1 1-1.15 0A1.15 1.15 0 1 1 1.15 0ZM.55 0A.55 .55 0 1 1-.55 0A.55 .55 0 1 1 .55 0Z", // ring
  "M-1.05-1.05H1.05V1.05H-1.05ZM-.5-.5V.5H.5V-.5Z", // frame
  "M0-1.45L.37-.51L1.38-.45L.6 .19L.85 1.17L0 .63L-.85 1.17L-.6 .19L-1.38-.45L-.37-.51Z", // star
]
export const BAR = SHAPES.push("M-1.3-.4H1.3V.4H-1.3Z") - 1 // of the points without a category
export const SHAPED = 4.4 // pixels: of smaller points nobody sees a shape, and discs are drawn faster
export const SPREAD = 1.6 // a shape with room around it, in radii
const paths = []

// Ten colors, and ten shapes that move on by one with each round of the colors: a hundred categories all differ.
export function shapeOf(category) {
  return (category + Math.floor(category / BAR)) % BAR
}

function pathOf(shape) {
  return (paths[shape] ??= new Path2D(SHAPES[shape]))
}

// A shape of a color for the legend and the card, as an element.
export function symbol(className, parent, shape, color) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg")
  svg.setAttribute("viewBox", `${-SPREAD} ${-SPREAD} ${2 * SPREAD} ${2 * SPREAD}`)
  svg.setAttribute("class", className)
  svg.setAttribute("aria-hidden", "true")
  svg.innerHTML = `<path fill-rule="evenodd" d="${SHAPES[shape]}" fill="${hex(color)}"/>`
  parent.append(svg)
  return svg
}

// A shape on paper.
export function symbolPaint(pen, shape, x, y, radius) {
  pen.translate(x, y)
  pen.scale(radius, radius)
  pen.fill(pathOf(shape), "evenodd")
  pen.scale(1 / radius, 1 / radius)
  pen.translate(-x, -y)
}

export function symbolSvg(shape, x, y, radius, color) {
  if (!shape) return `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="${radius.toFixed(1)}" fill="${color}"/>`
  const place = `translate(${x.toFixed(1)} ${y.toFixed(1)}) scale(${radius.toFixed(2)})`
  return `<path transform="${place}" fill-rule="evenodd" d="${SHAPES[shape]}" fill="${color}"/>`
}

// All shapes in a row of cells, for WebGL, which draws points as squares of a picture.
const CELL = 64 // pixels
export const CELLS = 16 // a power of two, without which there are no smaller copies

export function shapesSheet() {
  const canvas = Object.assign(document.createElement("canvas"), { width: CELL * CELLS, height: CELL })
  const pen = canvas.getContext("2d")
  SHAPES.forEach((_, shape) => symbolPaint(pen, shape, CELL * (shape + 0.5), CELL / 2, CELL / 2 / SPREAD))
  return canvas
}
