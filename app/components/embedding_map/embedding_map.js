// One map per mounted widget. plotly.js draws the points; picture card, legend and pin are plain HTML beside it.
const CARD = 128 // pixels
const HOVER = 16 // pixels around a point that count as on it
const maps = new WeakMap()

export default function ({ data, parentElement, setStateValue }) {
  if (!data) return
  if (!maps.has(parentElement)) maps.set(parentElement, new EmbeddingMap(parentElement))
  const map = maps.get(parentElement)
  map.pin = (index) => setStateValue("pinned", index)
  map.update(unpack(data))
  return () => {
    maps.get(parentElement)?.close()
    maps.delete(parentElement)
  }
}

async function loadSheet(digest) {
  const image = new Image()
  image.src = await assetUrl(digest)
  await image.decode()
  return image
}

function element(tag, className, parent) {
  const made = document.createElement(tag)
  made.className = className
  parent.append(made)
  return made
}

class EmbeddingMap {
  constructor(parent) {
    this.root = element("div", "byol-map", parent)
    this.frame = element("div", "byol-map-frame", this.root)
    this.plot = element("div", "byol-map-plot", this.frame)
    this.wait = element("p", "byol-map-wait", this.frame)
    this.wait.textContent = "Loading the map …"
    this.card = element("figure", "byol-map-card", this.frame)
    this.picture = element("canvas", "byol-map-picture", this.card)
    this.name = element("figcaption", "byol-map-name", this.card)
    this.unpin = element("button", "byol-map-button byol-map-unpin", this.frame)
    this.unpin.textContent = "Unpin"
    this.unpin.title = "Unpin (Escape)"
    this.unpin.onclick = () => this.setPin(null)
    this.legend = element("div", "byol-map-legend", this.root)
    this.card.hidden = this.unpin.hidden = true
    this.hidden = new Set()
    this.root.onkeydown = (event) => {
      if (event.key === "Escape" && this.state.pinned !== null) this.setPin(null)
    }
    this.sized = new ResizeObserver(() => this.drawn && globalThis.Plotly.Plots.resize(this.plot))
  }

  close() {
    this.sized.disconnect()
    if (this.drawn) globalThis.Plotly.purge(this.plot)
    this.root.remove()
  }

  async update(state) {
    const before = this.state
    this.state = state
    if (before && before.classes.join() !== state.classes.join()) this.hidden.clear()
    this.plot.setAttribute("role", "img")
    this.plot.setAttribute("aria-label", state.label)
    this.groups = this.grouped()
    this.drawLegend()
    this.loadPictures(before)
    try {
      await loadPlotly(state.plotly)
      if (this.state === state) await this.draw()
    } catch (error) {
      this.wait.hidden = false
      this.wait.textContent = `The map cannot be drawn in this browser (${error.message}).`
    }
  }

  async loadPictures(before) {
    const { sheet } = this.state
    if (before?.sheet === sheet) return
    this.sheet = null
    if (!sheet) return
    const image = await loadSheet(sheet).catch(() => null)
    if (this.state.sheet === sheet) this.sheet = image
  }

  // The points of each class, those without a class last.
  grouped() {
    const { classes, labels } = this.state
    const groups = classes.map((name) => ({ name, points: [] }))
    const none = { name: classes.length ? "no class" : "", points: [] }
    labels.forEach((label, i) => (groups[label] ?? none).points.push(i))
    if (none.points.length) groups.push(none)
    const colours = this.colours(classes.length)
    groups.forEach((group, g) => { group.colour = group === none && classes.length ? this.theme("gray-color") : colours[g] })
    return groups
  }

  theme(name) {
    return getComputedStyle(this.root).getPropertyValue(`--st-${name}`).trim()
  }

  // The theme's colours while they last, then evenly spaced hues.
  colours(count) {
    const palette = this.theme("chart-categorical-colors").split(",").filter(Boolean)
    if (!count) return [this.theme("primary-color")]
    if (count <= palette.length) return palette
    const light = this.dark() ? 68 : 42
    return Array.from({ length: count }, (_, i) => `hsl(${(i * 137.508) % 360} 62% ${light + (i % 3) * 7 - 7}%)`)
  }

  dark() {
    const [red, green, blue] = getComputedStyle(this.root).color.match(/[\d.]+/g).map(Number)
    return 0.3 * red + 0.6 * green + 0.1 * blue > 128 // light letters
  }

  async draw() {
    const { state } = this
    if (this.drawn && this.revision !== state.revision) this.forget()
    this.revision = state.revision
    const layout = {
      autosize: true, dragmode: this.mode ?? "pan", hovermode: "closest", hoverdistance: HOVER, showlegend: false,
      margin: { l: 8, r: 8, t: 8, b: 8 }, paper_bgcolor: "transparent", plot_bgcolor: "transparent",
      // Ranges of all points, since hiding a class must not move the others; or what was zoomed to.
      xaxis: { visible: false, range: this.view?.x ?? extent(state.x) },
      yaxis: { visible: false, range: this.view?.y ?? extent(state.y), scaleanchor: "x" },
      modebar: { bgcolor: "transparent", color: this.theme("gray-text-color"), activecolor: this.theme("primary-color") },
    }
    const config = {
      displaylogo: false, scrollZoom: true, doubleClick: "reset", responsive: false,
      modeBarButtons: [["pan2d", "zoom2d"], ["zoomIn2d", "zoomOut2d", "resetScale2d"], ["toImage"]],
      toImageButtonOptions: { filename: "embedding-map", scale: 2 },
    }
    const fresh = !this.drawn
    await globalThis.Plotly.react(this.plot, [...this.links(), ...this.traces(), this.ring()], layout, config)
    this.drawn = true
    this.wait.hidden = true
    this.unpin.hidden = state.pinned === null
    if (!fresh) return
    this.home = this.ranges()
    this.listen()
  }

  // Another space or method has places of its own: nothing of the old view means anything there.
  forget() {
    globalThis.Plotly.purge(this.plot)
    this.drawn = false
    this.view = null
  }

  ranges() {
    const { xaxis, yaxis } = this.plot._fullLayout
    return { x: [...xaxis.range], y: [...yaxis.range] }
  }

  traces() {
    const { x, y } = this.state
    const type = webgl() ? "scattergl" : "scatter"
    const roomy = this.frame.clientWidth > 500 ? 0 : -2
    const size = (x.length > 5000 ? 4 : x.length > 1500 ? 6 : x.length > 200 ? 8 : 10) + roomy
    return this.groups.map(({ name, points, colour }) => ({
      type, mode: "markers", name, uid: `class-${name}`, hoverinfo: "none", visible: !this.hidden.has(name),
      x: Float32Array.from(points, (i) => x[i]), y: Float32Array.from(points, (i) => y[i]), customdata: points,
      marker: { size, color: colour, opacity: 0.85, line: { width: x.length > 5000 ? 0 : 0.75, color: this.theme("background-color") } },
    }))
  }

  // From the pinned point to its nearest in the full space: a long line shows how much the map leaves out.
  links() {
    const { x, y, pinned, near } = this.state
    const ends = pinned === null ? [] : near.flatMap((i) => [pinned, i, null])
    return [{
      type: "scatter", mode: "lines", uid: "links", hoverinfo: "skip",
      x: ends.map((i) => (i === null ? null : x[i])), y: ends.map((i) => (i === null ? null : y[i])),
      line: { width: 1, color: this.theme("text-color") }, opacity: 0.45,
    }]
  }

  ring() {
    const { x, y, pinned, near } = this.state
    const marked = pinned === null ? [] : [pinned, ...near]
    return {
      type: "scatter", mode: "markers", uid: "ring", hoverinfo: "skip",
      x: marked.map((i) => x[i]), y: marked.map((i) => y[i]),
      marker: {
        symbol: "circle-open", color: this.theme("text-color"),
        size: marked.map((_, m) => (m ? 12 : 18)), line: { width: marked.map((_, m) => (m ? 1.25 : 2.5)) },
      },
    }
  }

  listen() {
    this.sized.observe(this.frame)
    const { plot } = this
    plot.on("plotly_hover", ({ points, event }) => this.showCard(points[0], event))
    plot.on("plotly_unhover", () => { this.card.hidden = true })
    plot.on("plotly_relayouting", () => { this.card.hidden = true })
    plot.on("plotly_relayout", (changed) => {
      if (changed.dragmode) this.mode = changed.dragmode
      const now = this.ranges()
      this.view = JSON.stringify(now) === JSON.stringify(this.home) ? null : now
    })
    plot.on("plotly_click", ({ points, event }) => {
      const index = points[0]?.customdata
      if (typeof index !== "number") return
      this.setPin(index === this.state.pinned ? null : index)
      this.showCard(points[0], event)
    })
  }

  // Shown at once, then told to Python, which answers with the neighbours.
  setPin(index) {
    this.state = { ...this.state, pinned: index, near: [] }
    this.draw()
    this.pin(index)
  }

  showCard(point, event) {
    const index = point?.customdata
    if (typeof index !== "number") return
    const label = this.state.labels[index]
    this.name.textContent = this.state.classes[label] ?? (this.state.classes.length ? "no class" : `image ${index + 1}`)
    this.picture.hidden = !this.sheet
    if (this.sheet) this.paint(index)
    this.card.hidden = false
    this.place(event)
  }

  paint(index) {
    const { columns, cell } = this.state
    const side = Math.max(cell, CARD) * Math.ceil(devicePixelRatio)
    const canvas = Object.assign(this.picture, { width: side, height: side })
    const pen = canvas.getContext("2d")
    pen.imageSmoothingEnabled = side < cell // small pictures keep their pixels
    const [left, top] = [(index % columns) * cell, Math.floor(index / columns) * cell]
    pen.drawImage(this.sheet, left, top, cell, cell, 0, 0, side, side)
  }

  // Above the pointer, below it near the upper edge, always inside the frame.
  place(event) {
    const frame = this.frame.getBoundingClientRect()
    const touch = event?.changedTouches?.[0] ?? event
    const [x, y] = [touch.clientX - frame.left, touch.clientY - frame.top]
    const { offsetWidth: width, offsetHeight: height } = this.card
    const left = Math.min(Math.max(x - width / 2, 4), frame.width - width - 4)
    const top = y - height - 14 > 0 ? y - height - 14 : y + 18
    this.card.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`
  }

  // A button for each class; they stay while the classes stay, or a double-click would lose its second click.
  drawLegend() {
    const wanted = JSON.stringify(this.groups.map(({ name, points, colour }) => [name, points.length, colour]))
    if (wanted !== this.legendOf) {
      this.legendOf = wanted
      this.legend.replaceChildren()
      if (this.state.classes.length) this.groups.forEach((group) => this.legendButton(group))
      this.all = element("button", "byol-map-button byol-map-all", this.legend)
      this.all.textContent = "Show all"
      this.all.onclick = () => this.show(new Set())
    }
    for (const button of this.legend.querySelectorAll("[data-class]")) {
      button.setAttribute("aria-pressed", String(!this.hidden.has(button.dataset.class)))
    }
    this.all.hidden = !this.hidden.size
  }

  legendButton({ name, points, colour }) {
    const button = element("button", "byol-map-button", this.legend)
    button.dataset.class = name
    button.title = "Click: show or hide. Double-click: only this class."
    element("span", "byol-map-dot", button).style.background = colour
    button.append(name)
    element("span", "byol-map-count", button).textContent = points.length
    button.onclick = (event) => (event.detail > 1 ? this.only(name) : this.toggle(name))
  }

  toggle(name) {
    const hidden = new Set(this.hidden)
    if (!hidden.delete(name)) hidden.add(name)
    this.show(hidden)
  }

  only(name) {
    this.show(new Set(this.groups.map((group) => group.name).filter((other) => other !== name)))
  }

  show(hidden) {
    this.hidden = hidden
    this.drawLegend()
    if (this.drawn) this.draw()
  }
}

function extent(values) {
  let [low, high] = [Infinity, -Infinity]
  for (const value of values) {
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  const margin = (high - low) * 0.06 || 1
  return [low - margin, high + margin]
}

let hasWebgl
function webgl() {
  hasWebgl ??= Boolean(document.createElement("canvas").getContext("webgl"))
  return hasWebgl
}
