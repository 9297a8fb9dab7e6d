// What is drawn over the points: lines to neighbors, rings, names, the star of an uploaded image, the lasso.
import { hex } from "./color.js"
import { escaped, font } from "./text.js"

export const STAR = 11 // pixels
const HALO = 4 // pixels around a name

// Marks for now: {kind, x, y, …} in pixels of the map. The same list is put on paper by export.js.
export function marks(map) {
  const list = []
  const { state, places, camera } = map
  if (!places.ready || !state) return list
  const at = (i) => camera.toScreen(places.x(i), places.y(i))
  const shown = (i) => i >= 0 && i < state.n && map.visible[i]
  const line = ([x, y], [toX, toY], opacity) => list.push({ kind: "line", x, y, toX, toY, opacity })
  const ring = (i, r, width, color = "text") => list.push({ kind: "ring", x: at(i)[0], y: at(i)[1], r, width, color })
  if (state.asked) {
    const star = camera.toScreen(...state.asked.xy)
    for (const i of state.asked.near.filter(shown)) {
      line(star, at(i), 0.5)
      ring(i, 6, 1.25)
    }
    list.push({ kind: "star", x: star[0], y: star[1] })
  }
  if (shown(map.pinned ?? -1)) {
    for (const i of map.pinnedNear.filter(shown)) {
      line(at(map.pinned), at(i), 0.45)
      ring(i, 6, 1.25)
    }
    ring(map.pinned, 9, 2.5)
  }
  if (shown(map.hovered)) {
    if (map.hovered !== map.pinned) for (const i of map.nearOf(map.hovered).filter(shown)) line(at(map.hovered), at(i), 0.35)
    ring(map.hovered, 8, 1.75)
  }
  if (map.pinned === null && shown(map.linked.pin ?? -1)) {
    for (const i of map.linkedNear.filter(shown)) {
      line(at(map.linked.pin), at(i), 0.45)
      ring(i, 6, 1.25)
    }
  }
  for (const i of Object.values(map.linked)) if (typeof i === "number" && shown(i)) ring(i, 11, 2.5, "primary")
  list.push(...map.names.marks())
  if (map.aiming) list.push({ kind: "cross", x: camera.width / 2, y: camera.height / 2 })
  return list
}

function starPoints(x, y) {
  return Array.from({ length: 10 }, (_, i) => {
    const [angle, r] = [(i * Math.PI) / 5 - Math.PI / 2, i % 2 ? STAR * 0.45 : STAR]
    return [x + r * Math.cos(angle), y + r * Math.sin(angle)]
  })
}

export function marksSvg(list, theme) {
  const round = (value) => value.toFixed(1)
  const text = hex(theme.text)
  return list.map((mark) => {
    const [x, y] = [round(mark.x), round(mark.y)]
    if (mark.kind === "line") {
      return `<line x1="${x}" y1="${y}" x2="${round(mark.toX)}" y2="${round(mark.toY)}" stroke="${text}" opacity="${mark.opacity}"/>`
    }
    if (mark.kind === "ring") {
      return `<circle cx="${x}" cy="${y}" r="${mark.r}" fill="none" stroke="${hex(theme[mark.color])}" stroke-width="${mark.width}"/>`
    }
    if (mark.kind === "label") {
      const halo = `stroke="${hex(theme.background)}" stroke-width="${HALO}" stroke-linejoin="round" paint-order="stroke"`
      const middle = `text-anchor="middle" dominant-baseline="central" font-size="${mark.size}" font-weight="600"`
      return `<text class="byol-map-label" x="${x}" y="${y}" fill="${text}" ${halo} ${middle}>${escaped(mark.text)}</text>`
    }
    if (mark.kind === "star") {
      const corners = starPoints(mark.x, mark.y).map((corner) => corner.map(round).join(",")).join(" ")
      return `<polygon class="byol-map-star" points="${corners}" fill="${hex(theme.amber)}" stroke="${text}" stroke-width="1.5"/>`
    }
    return `<path d="M${round(mark.x - 9)} ${y}h18M${x} ${round(mark.y - 9)}v18" stroke="${text}" opacity="0.6"/>`
  }).join("")
}

export function marksPaint(pen, list, theme) {
  for (const mark of list) {
    if (mark.kind === "label") {
      labelPaint(pen, mark, theme)
      continue
    }
    pen.globalAlpha = mark.opacity ?? 1
    pen.lineWidth = mark.width ?? (mark.kind === "star" ? 1.5 : 1)
    pen.strokeStyle = hex(theme[mark.color ?? "text"])
    pen.beginPath()
    if (mark.kind === "line") {
      pen.moveTo(mark.x, mark.y)
      pen.lineTo(mark.toX, mark.toY)
    } else if (mark.kind === "ring") pen.arc(mark.x, mark.y, mark.r, 0, 2 * Math.PI)
    else if (mark.kind === "star") {
      starPoints(mark.x, mark.y).forEach(([x, y]) => pen.lineTo(x, y))
      pen.closePath()
      pen.fillStyle = hex(theme.amber)
      pen.fill()
    }
    pen.stroke()
  }
  pen.globalAlpha = 1
}

// With a halo of the ground, or it could not be read upon its points.
function labelPaint(pen, { x, y, text, size }, theme) {
  pen.globalAlpha = 1
  Object.assign(pen, { font: font(theme, size, 600), textAlign: "center", textBaseline: "middle" })
  Object.assign(pen, { lineWidth: HALO, lineJoin: "round", strokeStyle: hex(theme.background), fillStyle: hex(theme.text) })
  pen.strokeText(text, x, y)
  pen.fillText(text, x, y)
  Object.assign(pen, { textAlign: "start", textBaseline: "alphabetic" })
}

export class Overlay {
  constructor(parent) {
    this.svg = parent.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "svg"))
    this.svg.classList.add("byol-map-overlay")
    this.svg.setAttribute("aria-hidden", "true")
  }

  draw(map) {
    const { line } = map.pointer
    const lasso = line?.length > 1 ? `<polygon class="byol-map-line" points="${line.map((place) => place.join(",")).join(" ")}"/>` : ""
    const drawn = marksSvg(marks(map), map.theme) + lasso
    if (drawn !== this.drawn) this.svg.innerHTML = drawn
    this.drawn = drawn
  }
}
