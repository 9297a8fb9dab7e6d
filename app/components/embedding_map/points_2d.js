// The points by Canvas 2D: where there is no WebGL, and on paper (export.js).
const DISC = 5 // pixels: smaller points are squares, which are drawn faster

// By WebGL where it works.
function makePoints(map) {
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

class FlatPoints {
  constructor(canvas) {
    this.canvas = canvas
    this.pen = canvas.getContext("2d")
  }

  close() {}

  places(origin, goal) {
    Object.assign(this, { origin, goal })
  }

  // Point by point of one colour: to change the pen's colour takes longer than to draw a point.
  colours(bytes) {
    this.bytes = bytes
    const words = new Uint32Array(bytes.buffer)
    this.order = Uint32Array.from(words.keys()).sort((one, other) => words[one] - words[other])
  }

  draw({ camera, moved, size, background, ratio }) {
    const { pen, canvas, origin, goal, bytes, order } = this
    pen.setTransform(1, 0, 0, 1, 0, 0)
    pen.fillStyle = hex(background)
    pen.fillRect(0, 0, canvas.width, canvas.height)
    if (!origin || !bytes) return
    pen.setTransform(ratio, 0, 0, ratio, 0, 0)
    paintPoints(pen, { origin, goal, moved, bytes, order, camera, size })
  }
}

// Those that stand back first, the others upon them.
function paintPoints(pen, { origin, goal, moved, bytes, order, camera, size }) {
  let last = null
  for (const alpha of [FADED, 255]) {
    for (const i of order) {
      if (bytes[4 * i + 3] !== alpha) continue
      const [x, y] = camera.toScreen(
        origin[2 * i] + (goal[2 * i] - origin[2 * i]) * moved,
        origin[2 * i + 1] + (goal[2 * i + 1] - origin[2 * i + 1]) * moved,
      )
      if (!(x > -size && y > -size && x < camera.width + size && y < camera.height + size)) continue
      const colour = (bytes[4 * i] << 16) | (bytes[4 * i + 1] << 8) | bytes[4 * i + 2]
      if (colour !== last) pen.fillStyle = `#${colour.toString(16).padStart(6, "0")}`
      last = colour
      dot(pen, x, y, size)
    }
  }
}

function dot(pen, x, y, size) {
  if (size < DISC) return pen.fillRect(x - size / 2, y - size / 2, size, size)
  pen.beginPath()
  pen.arc(x, y, size / 2, 0, 2 * Math.PI)
  pen.fill()
}
