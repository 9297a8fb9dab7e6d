// Draws the points with Canvas 2D: where there is no WebGL, and for exported files (export.js).
import { FADED, hex } from "./color.js"
import { GlPoints } from "./points_gl.js"
import { SHAPED, symbolPaint } from "./shapes.js"

// By WebGL where it works.
export function makePoints(map) {
  const { canvas } = map
  const gl = GlPoints.context(canvas)
  try {
    if (gl) return new GlPoints(canvas, gl, () => map.dirty())
  } catch {
    map.canvas = canvas.cloneNode() // one canvas, one kind of context
    canvas.replaceWith(map.canvas)
  }
  return new FlatPoints(map.canvas)
}

export class FlatPoints {
  constructor(canvas) {
    this.canvas = canvas
    this.pen = canvas.getContext("2d")
  }

  close() {}

  places(origin, goal) {
    Object.assign(this, { origin, goal })
  }

  // Point by point of one color: to change the pen's color takes longer than to draw a point.
  colors(bytes, shapes) {
    Object.assign(this, { bytes, shapes })
    const words = new Uint32Array(bytes.buffer)
    this.order = Uint32Array.from(words.keys()).sort((one, other) => words[one] - words[other])
  }

  draw({ camera, moved, size, background, ratio }) {
    const { pen, canvas, origin, goal, bytes, shapes, order } = this
    pen.setTransform(1, 0, 0, 1, 0, 0)
    pen.fillStyle = hex(background)
    pen.fillRect(0, 0, canvas.width, canvas.height)
    if (!origin || !bytes) return
    pen.setTransform(ratio, 0, 0, ratio, 0, 0)
    paintPoints(pen, { origin, goal, moved, bytes, shapes, order, camera, size })
  }
}

// Those that stand back first, the others upon them; what lies outside is left out.
export function eachPoint({ origin, goal, moved, bytes, shapes, order, camera, size }, draw) {
  const way = (at) => origin[at] + (goal[at] - origin[at]) * moved
  for (const alpha of [FADED, 255]) {
    for (const i of order) {
      if (bytes[4 * i + 3] !== alpha) continue
      const [x, y] = camera.toScreen(way(2 * i), way(2 * i + 1))
      if (!(x > -size && y > -size && x < camera.width + size && y < camera.height + size)) continue
      draw(x, y, (bytes[4 * i] << 16) | (bytes[4 * i + 1] << 8) | bytes[4 * i + 2], size < SHAPED ? null : shapes[i])
    }
  }
}

export function cssOf(color) {
  return `#${color.toString(16).padStart(6, "0")}`
}

// Small points are squares, which are drawn faster.
export function paintPoints(pen, points) {
  const { size } = points
  let last = null
  eachPoint(points, (x, y, color, shape) => {
    if (color !== last) pen.fillStyle = cssOf(color)
    last = color
    if (shape === null) pen.fillRect(x - size / 2, y - size / 2, size, size)
    else symbolPaint(pen, shape, x, y, size / 2)
  })
}
