// The widget "byol_embedding_map": one map per mounted element. What Python says and what the viewer does meet here;
// the parts of the map are in the files beside it.
import { element } from "../dom.js"
import { mount } from "../mount.js"
import { unpack } from "../packed.js"
import { learn, text } from "../texts.js"
import { Camera } from "./camera.js"
import { Card } from "./card.js"
import { numberRange, readTheme } from "./color.js"
import { file } from "./files.js"
import { Legend } from "./legend.js"
import { Links } from "./links.js"
import { Names } from "./names.js"
import { Overlay, STAR } from "./overlay.js"
import { Places, shuffled } from "./places.js"
import { Pointer } from "./pointer.js"
import { pointLooks } from "./point_looks.js"
import { makePoints } from "./points_2d.js"
import { PythonState } from "./python_state.js"
import { Selecting } from "./selecting.js"
import { idle, Sheets } from "./sheets.js"
import { Spoken } from "./spoken.js"
import { Standing } from "./standing.js"
import { NUMBER } from "./text.js"
import { Timeline } from "./timeline.js"
import { Toolbar } from "./toolbar.js"
import { Waiting } from "./waiting.js"

const CALM = 140 // milliseconds after the last movement, when all points are drawn again
const SLOW = 50 // milliseconds a frame may take before fewer points are drawn while moving
const FEWEST = 0.2
const mounted = new WeakMap()
const remembered = (globalThis.byolMapMemory ??= new Map()) // by key: a page may take a map away and bring it again

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  if (!data) return
  const state = unpack(data)
  learn(state.words, parentElement)
  const [map, end] = mount(mounted, parentElement, () => new EmbeddingMap(parentElement))
  Object.assign(map, { tellPython: setStateValue, triggerPython: setTriggerValue })
  map.update(state)
  return end
}

class EmbeddingMap {
  constructor(parent) {
    Object.assign(this, { pinned: null, pinnedNear: [], linkedNear: [], hovered: -1, linked: {}, selection: null, aiming: false })
    Object.assign(this, { visible: new Uint8Array(0), part: 1, calmAt: 0, places: new Places(), camera: new Camera() })
    // For tests and benchmarks: frames drawn, milliseconds to the first picture and to the last answer of a hover.
    this.stats = { frames: 0, hover: null, ready: null, began: performance.now(), at: (i) => this.onPage(i), now: () => this.now() }
    this.root = element("div", "byol-map", parent)
    this.body = element("div", "byol-map-body", this.root)
    this.toolbar = new Toolbar(this, this.body)
    this.frame = element("div", "byol-map-frame", this.body)
    this.plot = element("div", "byol-map-plot", this.frame)
    this.plot.tabIndex = 0
    this.canvas = element("canvas", "byol-map-canvas", this.plot)
    this.overlay = new Overlay(this.plot)
    this.wait = new Waiting(this, this.frame)
    this.standing = new Standing(this, this.frame)
    this.selecting = new Selecting(this)
    this.sheets = new Sheets(this)
    this.card = new Card(this, this.frame)
    this.timeline = new Timeline(this, this.body)
    this.legend = new Legend(this, this.body)
    this.names = new Names(this)
    this.spoken = new Spoken(this, this.root)
    this.pointer = new Pointer(this)
    this.toolbar.use("pan")
    this.links = new Links(this)
    this.pythonState = new PythonState(this)
    this.points = makePoints(this)
    this.sized = new ResizeObserver(() => this.resize())
    this.sized.observe(this.plot)
    this.watchDensity()
  }

  // On another screen the same map may have more pixels.
  watchDensity() {
    const change = () => {
      if (this.closed) return
      this.resize()
      this.watchDensity()
    }
    matchMedia(`(resolution: ${devicePixelRatio}dppx)`).addEventListener("change", change, { once: true })
  }

  close() {
    this.closed = true
    const { camera, state, legend, toolbar, selecting, names } = this
    if (state) remembered.set(state.key, { of: this.identity(), view: camera.view, hiddenOf: legend.hiddenOf, tool: toolbar.tool, before: selecting.before, named: names.on })
    this.sized.disconnect()
    for (const part of [this.wait, this.standing, this.timeline, this.links, this.sheets, this.points]) part.close()
    if (globalThis.byolMaps?.[state?.key] === this.stats) delete globalThis.byolMaps[state.key]
    this.root.remove()
  }

  identity() {
    return `${this.state.revision} ${this.state.n}`
  }

  update(state) {
    const before = this.state
    this.state = state
    this.theme = readTheme(this.root)
    this.frame.style.setProperty("--height", `${state.height}px`)
    this.plot.setAttribute("aria-label", state.label)
    if (!before) this.begin()
    if (before && before.n !== state.n) this.another()
    const decided = this.pythonState.hear(state)
    if ("pinned" in decided) this.pinned = decided.pinned
    if ("selected" in decided) this.selecting.take(decided.selected)
    this.pinnedNear = state.pinned === this.pinned ? state.pinnedNear : this.nearOf(this.pinned)
    if (before?.linkedNear.join() !== state.linkedNear.join()) this.linkedNear = state.linkedNear
    if (!state.asked && this.card.of === "asked") this.card.hide()
    this.fetch()
    this.timeline.follow(before, "step" in decided)
    this.standing.show()
    this.recolor()
    if (before?.sheets?.files.join() !== state.sheets?.files.join()) this.sheets.prefetch()
  }

  // Mounted for the first time, or again: what the viewer had done is still known.
  begin() {
    const { state } = this
    ;(globalThis.byolMaps ??= {})[state.key] = this.stats
    this.order = shuffled(state.n)
    this.visible = new Uint8Array(state.n).fill(1)
    const memory = remembered.get(state.key)
    if (memory?.of === this.identity()) {
      this.view = memory.view
      this.legend.hiddenOf = memory.hiddenOf
      this.toolbar.use(memory.tool)
      this.selecting.before = memory.before
      this.names.on = memory.named
    }
  }

  // Other images: nothing of the old ones means anything here.
  another() {
    Object.assign(this, { order: shuffled(this.state.n), visible: new Uint8Array(this.state.n), selection: null })
    Object.assign(this, { field: null, ids: null, labels: null, near: null, hovered: -1, linked: {}, places: new Places() })
    this.selecting.before = []
    this.card.hide()
  }

  // Each file takes its place when it is there, unless another is wanted by then.
  fetch() {
    const { files, colors, key } = this.state
    const take = (name, rank, use) => {
      const digest = files[name]
      if (!digest) return use(null)
      file(digest, key, rank).then((value) => { if (!this.closed && this.state.files[name] === digest) use(value) })
    }
    take("values", 3, (values) => this.color(colors, values))
    take("labels", 2, (labels) => { this.labels = labels })
    take("ids", 2, (ids) => {
      const first = this.ids !== ids
      this.ids = ids
      if (first) this.links.meet()
    })
    take("near", 1, (near) => { this.near = near })
  }

  color(colors, values) {
    const old = this.field
    if (old?.values === values && JSON.stringify(old.colors) === JSON.stringify(colors)) return
    this.field = { ...colors, colors, values, range: colors.kind === "number" ? numberRange(values) : null }
    this.recolor()
  }

  // The visible points and their colors, after a change of field, theme, legend or selection.
  recolor() {
    const { field, theme, state } = this
    if (!field || field.values.length !== state.n) return
    const looks = pointLooks(state.n, field, theme, this.legend, this.selection?.flags)
    Object.assign(this, looks) // visible, bytes, shapes
    this.points.colors(this.bytes, this.shapes, this.order)
    this.spoken.describe()
    this.legend.draw()
    this.toolbar.draw()
    this.dirty()
  }

  loaded(i) {
    return file(this.state.frames.files[i], this.state.key, 2)
  }

  // Another frame; the points travel there for ``lasts`` milliseconds.
  async show(i, lasts) {
    const digest = this.state.frames.files[i]
    this.showing = digest
    const goal = await this.loaded(i)
    if (this.closed || this.showing !== digest || goal.length !== 2 * this.state.n) return
    const fresh = this.shownAs !== this.identity()
    if (fresh && this.shownAs) this.camera.atHome = true
    this.shownAs = this.identity()
    const still = fresh || matchMedia("(prefers-reduced-motion: reduce)").matches
    if (this.places.goal !== goal) {
      this.places.go(goal, still ? 0 : lasts, performance.now())
      this.points.places(this.places.origin, goal, this.order)
    }
    this.resize()
    this.prefetchFrames()
  }

  async prefetchFrames() {
    const { frames } = this.state
    if (this.prefetched === frames.files.join()) return
    this.prefetched = frames.files.join()
    await idle()
    for (const digest of frames.files) if (digest) file(digest, this.state.key, 0)
  }

  onPage(i) {
    const { left, top } = this.plot.getBoundingClientRect()
    const [x, y] = this.camera.toScreen(this.places.x(i), this.places.y(i))
    return [left + x, top + y]
  }

  now() {
    const { pinned, hovered, linked, selection, camera, timeline, places, state } = this
    const visible = this.visible.reduce((sum, flag) => sum + flag, 0)
    const step = state.frames.steps[timeline.nearest(timeline.wanted)]
    const of = { view: camera.view, step, moved: places.moved, shown: this.shownAs ?? "" }
    return { pinned, hovered, linked, selected: selection?.count ?? 0, visible, ...of }
  }

  get narrow() {
    return this.camera.width < 500
  }

  extent() {
    const made = this.state.frames.extents.filter(Boolean)
    const { asked } = this.state
    if (asked) made.push([asked.xy[0], asked.xy[0], asked.xy[1], asked.xy[1]])
    const of = (which, k) => which(...made.map((extent) => extent[k]))
    return [of(Math.min, 0), of(Math.max, 1), of(Math.min, 2), of(Math.max, 3)]
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.plot
    if (!this.places.ready || !width || !height) return
    this.ratio = Math.min(devicePixelRatio || 1, 2)
    const size = { width: Math.round(width * this.ratio), height: Math.round(height * this.ratio) }
    if (this.canvas.width !== size.width || this.canvas.height !== size.height) Object.assign(this.canvas, size)
    this.camera.fit(this.extent(), width, height)
    if (this.view) this.camera.view = this.view
    this.view = null
    this.render(performance.now())
  }

  dirty() {
    this.coming ??= requestAnimationFrame((now) => {
      this.coming = null
      this.render(now)
    })
  }

  // Only what lies upon the points has changed: they need not be drawn again.
  mark() {
    if (this.places.ready && this.bytes) this.overlay.draw(this)
  }

  get pointSize() {
    const { n } = this.state
    const size = (n > 20000 ? 3.5 : n > 5000 ? 4.5 : n > 1500 ? 6.5 : n > 200 ? 8.5 : 11) * (this.narrow ? 0.8 : 1)
    return size * Math.min(Math.max((this.camera.scale / this.camera.homeScale) ** 0.3, 1), 3)
  }

  render(now) {
    if (this.closed || !this.places.ready || !this.bytes) return
    const traveling = this.places.advance(now)
    const moving = traveling || now < this.calmAt
    this.pace(now, moving)
    const { camera, theme, ratio, pointSize: size, selection } = this
    const part = moving ? this.part : 1
    this.points.draw({ camera, moved: this.places.moved, size, background: theme.background, layered: Boolean(selection), part, ratio })
    this.overlay.draw(this)
    this.card.place()
    this.wait.hide()
    this.plot.dataset.drawn = "" // what tests and benchmarks wait for
    this.stats.frames += 1
    this.stats.ready ??= now - this.stats.began
    this.stats.part = part
    if (traveling) this.dirty()
    else if (part < 1) this.later()
  }

  // While it moves, slow frames take fewer points, quick ones more.
  pace(now, moving) {
    const took = now - (this.drawnAt ?? now)
    this.drawnAt = now
    if (!moving || took > 400) return
    if (took > SLOW) this.part = Math.max(FEWEST, this.part * 0.85)
    else if (took < SLOW / 2) this.part = Math.min(1, this.part * 1.1)
  }

  later() {
    clearTimeout(this.calm)
    this.calm = setTimeout(() => this.dirty(), CALM)
  }

  stir() {
    this.calmAt = performance.now() + CALM
    this.hover(-1)
    this.card.hide()
    this.dirty()
  }

  pan(right, down) {
    this.camera.pan(right, down)
    this.stir()
  }

  zoom(factor, left, top) {
    this.camera.zoom(factor, left, top)
    this.stir()
  }

  home() {
    this.camera.home()
    this.stir()
  }

  nearOf(i) {
    const k = this.state.neighbors
    return i === null || i === undefined || i < 0 || !this.near ? [] : [...this.near.subarray(i * k, (i + 1) * k)]
  }

  // What is under a place on the screen: a point, -2 for the picture that was asked for, -1 for nothing.
  point(left, top, reach, since) {
    if (!this.places.ready) return -1
    const { asked } = this.state
    const star = asked && this.camera.toScreen(...asked.xy)
    const onStar = star && Math.hypot(star[0] - left, star[1] - top) < STAR + 2
    const i = onStar ? -1 : this.places.nearest(this.camera, left, top, reach, this.visible)
    this.hover(i)
    if (onStar) this.card.show("asked")
    else if (i < 0) this.card.hide()
    this.plot.classList.toggle("byol-map-on", i >= 0)
    this.stats.hover = performance.now() - since
    return onStar ? -2 : i
  }

  hover(i) {
    if (i === this.hovered) return
    this.hovered = i
    this.showCard(i)
    this.links.tell("hover", i >= 0 ? [i] : [])
    this.mark()
  }

  // The picture of a pinned point is in the panel beside the map.
  showCard(i) {
    if (i >= 0 && i !== this.pinned) this.card.show(i)
    else this.card.hide()
  }

  // Shown at once, then told to Python, which answers with the neighbors in the full space.
  pin(i) {
    if (i === null && this.pinned === null) return this.links.free()
    this.pinned = i
    this.pinnedNear = this.nearOf(i)
    this.pythonState.tell("pinned", i)
    this.links.tell("pin", i === null ? [] : [i])
    this.toolbar.draw()
    this.mark()
  }

  aim() {
    const { width, height } = this.camera
    if (!this.places.ready) return
    this.hover(this.places.nearest(this.camera, width / 2, height / 2, Math.max(width, height), this.visible))
  }

  pinAimed() {
    this.aim()
    if (this.hovered >= 0) this.pin(this.hovered === this.pinned ? null : this.hovered)
  }

  // What the card says of a point.
  words(i) {
    const { state, labels, field, ids } = this
    const name = state.classes[labels?.[i]]
    const image = ids ? text("map_image", { id: ids[i] }) : ""
    const same = field && state.files.values === state.files.labels
    const value = field && !same && (field.kind === "number" || field.names.length) ? text("map_value", { title: field.title, value: this.valueOf(i) }) : ""
    return name ? [name, [value, image].filter(Boolean).join(" · ")] : [image || text("map_no_class"), value]
  }

  valueOf(i) {
    const { kind, values, names } = this.field
    if (kind === "category") return names[values[i]] ?? text("map_none")
    return Number.isFinite(values[i]) ? NUMBER.format(values[i]) : text("map_none")
  }
}
