// Draws the points with WebGL: one buffer of positions (two while they move), one of colors, one of shapes.
import { CELLS, SHAPED, SPREAD, shapesSheet } from "./shapes.js"

const VERTEX = `
attribute vec2 origin;
attribute vec2 goal;
attribute vec4 color;
attribute float shape;
uniform vec2 center;
uniform vec2 scale;
uniform vec2 layer;
uniform float share;
uniform mediump float size;
varying vec3 shown;
varying float kind;
void main() {
  bool drawn = color.a > layer.x && color.a < layer.y;
  gl_Position = drawn ? vec4((mix(origin, goal, share) - center) * scale, 0.0, 1.0) : vec4(2.0, 2.0, 2.0, 1.0);
  gl_PointSize = size;
  shown = color.rgb;
  kind = shape;
}`
// The edge runs into the background: round without blending, which costs more than the points do. Of a small point
// it takes less, or a dense cloud would be full of gaps; and it is a disc, whatever its shape.
const FRAGMENT = `
precision mediump float;
uniform vec3 background;
uniform mediump float size;
uniform bool shaped;
uniform sampler2D shapes;
varying vec3 shown;
varying float kind;
void main() {
  if (shaped) {
    float part = texture2D(shapes, vec2((floor(kind + 0.5) + gl_PointCoord.x) / CELLS.0, gl_PointCoord.y)).a;
    if (part < 0.1) discard;
    gl_FragColor = vec4(mix(background, shown, min(part * 1.3, 1.0)), 1.0);
    return;
  }
  vec2 off = (gl_PointCoord - 0.5) * size;
  float inside = 0.5 * size - length(off);
  if (inside < 0.0) discard;
  gl_FragColor = vec4(mix(background, shown, min(inside * (size < 6.0 ? 3.0 : 1.0), 1.0)), 1.0);
}`.replace("CELLS", CELLS)
const LAYERS = [[0.25, 0.75], [0.75, 2]] // those that stand back, the others upon them
const ALL = [0.25, 2]
const BUFFERS = (gl) => [["origin", 2, gl.FLOAT], ["goal", 2, gl.FLOAT], ["color", 4, gl.UNSIGNED_BYTE], ["shape", 1, gl.UNSIGNED_BYTE]]

export class GlPoints {
  static context(canvas) {
    return canvas.getContext("webgl", { alpha: false, antialias: false, depth: false, stencil: false })
  }

  constructor(canvas, gl, redraw) {
    Object.assign(this, { canvas, gl, count: 0, kept: {} })
    this.lost = (event) => event.preventDefault() // or it would never be restored
    this.restored = () => {
      this.build()
      redraw()
    }
    this.build()
    canvas.addEventListener("webglcontextlost", this.lost)
    canvas.addEventListener("webglcontextrestored", this.restored)
  }

  close() {
    this.canvas.removeEventListener("webglcontextlost", this.lost)
    this.canvas.removeEventListener("webglcontextrestored", this.restored)
    this.gl.getExtension("WEBGL_lose_context")?.loseContext() // a page may hold no more than some
  }

  build() {
    const { gl } = this
    const program = gl.createProgram()
    for (const [type, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(type)
      gl.shaderSource(shader, source)
      gl.compileShader(shader)
      gl.attachShader(program, shader)
    }
    gl.linkProgram(program)
    if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) throw new Error("no program for the points")
    gl.useProgram(program)
    const uniforms = ["center", "scale", "layer", "share", "size", "background", "shaped"]
    this.at = Object.fromEntries(uniforms.map((name) => [name, gl.getUniformLocation(program, name)]))
    this.buffers = {}
    for (const [name, width, type] of BUFFERS(gl)) {
      this.buffers[name] = gl.createBuffer()
      gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[name])
      const place = gl.getAttribLocation(program, name)
      gl.enableVertexAttribArray(place)
      gl.vertexAttribPointer(place, width, type, name === "color", 0, 0)
      if (this.kept[name]) gl.bufferData(gl.ARRAY_BUFFER, this.kept[name], gl.DYNAMIC_DRAW)
    }
    this.picture()
  }

  // The shapes as a texture, with smaller copies for small points.
  picture() {
    const { gl } = this
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture())
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, shapesSheet())
    gl.generateMipmap(gl.TEXTURE_2D)
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR_MIPMAP_LINEAR)
  }

  // In a shuffled order: no category covers another, and the first thousand are a fair sample.
  upload(name, values, width, order) {
    const { gl } = this
    const shuffled = new values.constructor(values.length)
    for (let i = 0; i < order.length; i += 1) {
      for (let k = 0; k < width; k += 1) shuffled[i * width + k] = values[order[i] * width + k]
    }
    this.kept[name] = shuffled
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[name])
    gl.bufferData(gl.ARRAY_BUFFER, shuffled, gl.DYNAMIC_DRAW)
  }

  places(origin, goal, order) {
    this.count = order.length
    this.upload("origin", origin, 2, order)
    this.upload("goal", goal, 2, order)
  }

  colors(bytes, shapes, order) {
    this.upload("color", bytes, 4, order)
    this.upload("shape", shapes, 1, order)
  }

  // ``part``: the share of the points that is drawn, less than all only while the map moves.
  draw({ camera, moved, size, background, layered, part, ratio }) {
    const { gl, at } = this
    if (gl.isContextLost()) return
    gl.viewport(0, 0, this.canvas.width, this.canvas.height)
    gl.clearColor(...background.map((value) => value / 255), 1)
    gl.clear(gl.COLOR_BUFFER_BIT)
    if (!this.count || !this.kept.color) return
    gl.uniform2f(at.center, camera.x, camera.y)
    gl.uniform2f(at.scale, (2 * camera.scale) / camera.width, (2 * camera.scale) / camera.height)
    gl.uniform1f(at.share, moved)
    gl.uniform1f(at.size, size * ratio * (size < SHAPED ? 1 : SPREAD))
    gl.uniform1i(at.shaped, Number(size >= SHAPED))
    gl.uniform3f(at.background, ...background.map((value) => value / 255))
    for (const layer of layered ? LAYERS : [ALL]) {
      gl.uniform2f(at.layer, ...layer)
      gl.drawArrays(gl.POINTS, 0, Math.ceil(this.count * part))
    }
  }
}
