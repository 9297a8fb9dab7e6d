// The widget "byol_view_grid": cards of images, pixel by pixel: the original and its views, with what was drawn under
// them. It tells the page what it shows (byol-views-shown) and which view was picked (byol-view-picked), and it hears
// what a model says of the pairs (byol-view-notes) and what sliders brought (byol-views-come). The last of each event is
// kept for listeners that come later.
import { element } from "../dom.js"
import { mount } from "../mount.js"
import { unpack } from "../packed.js"
import { learn, listed, text } from "../texts.js"

const grids = new WeakMap()
const FIRST = 3 // pictures that others may show again: an original and its two views

export default function ({ data, parentElement }) {
  if (!data) return
  const [grid, end] = mount(grids, parentElement, () => new Grid(parentElement))
  const state = unpack(data)
  grid.speak(state.words)
  grid.update(state, true)
  return end
}

class Grid {
  constructor(parent) {
    this.root = element("div", "byol-views", parent)
    this.root.onclick = ({ target }) => this.pick(target.closest("[data-pick]"))
    this.listeners = {
      "byol-originals": ({ detail }) => detail === this.state.originals && this.draw(),
      "byol-view-notes": () => this.note(),
      "byol-views-come": ({ detail }) => this.state.more && detail.more === this.state.more && this.update(detail),
    }
    for (const [name, listener] of Object.entries(this.listeners)) window.addEventListener(name, listener)
  }

  close() {
    this.root.remove()
    if (this.state?.about) {
      delete globalThis.byolFirstViews
      delete globalThis.byolViews
    }
    for (const [name, listener] of Object.entries(this.listeners)) window.removeEventListener(name, listener)
  }

  // Streamlit draws what sliders told it at rest; they may have moved on meanwhile, or brought the same themselves.
  update(state, told = false) {
    const known = this.state, same = Boolean(state.more) && known?.more === state.more
    if (same && state.serial < known.serial) return
    this.state = state
    if (!same || state.about !== known.about) this.show(state)
    const { about, serial, more } = state
    if (!about) return // a grid of something else
    globalThis.byolViews = { about, serial, more }
    window.dispatchEvent(new CustomEvent("byol-views-shown", { detail: { about, serial, told } }))
  }

  // In another language all of it is built anew.
  speak(words) {
    const said = JSON.stringify(words)
    if (said === this.said) return
    learn(words)
    Object.assign(this, { said, shape: "", state: null })
  }

  show(state) {
    this.root.style.setProperty("--figures", Math.max(1, ...state.cards.map(({ figures }) => figures.length)))
    this.root.dataset.layout = state.layout
    const shape = JSON.stringify(state.cards.map(({ name, figures }) => [name, figures.map(([title]) => title)]))
    if (shape !== this.shape) this.build(state)
    this.shape = shape
    this.draw()
    this.note()
  }

  build({ cards }) {
    this.root.replaceChildren()
    this.more = element("button", "byol-views-more", this.root)
    this.more.onclick = () => this.tellDrawn(!this.root.hasAttribute("data-drawn"))
    this.tellDrawn(this.root.hasAttribute("data-drawn"))
    this.cards = cards.map(({ name, figures }) => this.card(name, figures))
  }

  // On a phone the numbers under the views would make the page very long: they come when asked for.
  tellDrawn(on) {
    this.root.toggleAttribute("data-drawn", on)
    this.more.textContent = text(on ? "grid_hide" : "grid_show")
    this.more.setAttribute("aria-expanded", String(on))
  }

  card(name, figures) {
    const root = element("section", "byol-views-card", this.root)
    if (name) element("div", "byol-views-name", root, name)
    const parts = figures.map(([title]) => {
      const figure = element("figure", "byol-views-figure", root)
      const frame = element("button", "byol-views-frame", figure)
      frame.disabled = true
      const canvas = element("canvas", "byol-views-picture", frame)
      canvas.setAttribute("role", "img")
      const caption = element("figcaption", "byol-views-title", figure, title)
      return { frame, canvas, caption, list: element("dl", "byol-views-drawn", figure) }
    })
    return { root, parts, note: element("div", "byol-views-note", root) }
  }

  draw() {
    const { cards, sides, views, originals } = this.state
    const sources = [globalThis.byolOriginals?.get(originals), views]
    cards.forEach(({ name, figures }, i) => figures.forEach((figure, j) => {
      const [title, source, at, drawn] = figure, [height, width] = sides[source], part = this.cards[i].parts[j]
      const start = at * height * width * 3, pixels = sources[source]
      if (pixels) paint(part, pixels.subarray(start, start + height * width * 3), height, width)
      describe(part, title, name, drawn)
    }))
    if (!this.state.about) return // a grid of something else
    globalThis.byolFirstViews = this.cards.flatMap(({ parts }) => parts.map(({ canvas }) => canvas)).slice(0, FIRST)
    window.dispatchEvent(new CustomEvent("byol-views-painted"))
  }

  // What a model thinks of the pairs; what it thought of other ones fades, and stays until there is something new.
  note() {
    const picked = this.state.cards.some(({ figures }) => figures.some((figure) => figure[4] !== null))
    if (!this.state.about || !picked) return // a grid of something else
    const { about, texts, coming, picks = false, pick = [] } = globalThis.byolViewNotes ?? {}
    const old = coming || about !== this.state.about, same = texts?.length === this.cards.length
    this.root.toggleAttribute("data-old", old)
    this.cards.forEach(({ note, parts }, i) => {
      const text = same ? texts[i] : coming ? note.textContent : ""
      if (note.textContent !== text) note.textContent = text
      parts.forEach(({ frame }, j) => mark(frame, i, this.state.cards[i].figures[j][4] ?? -1, picks, pick))
    })
  }

  pick(frame) {
    if (!frame || frame.disabled) return
    this.root.querySelector("[aria-pressed=true]")?.setAttribute("aria-pressed", "false")
    frame.setAttribute("aria-pressed", "true")
    window.dispatchEvent(new CustomEvent("byol-view-picked", { detail: frame.dataset.pick.split(",").map(Number) }))
  }
}

// A view that can be picked, and whether it is the one that was.
function mark(frame, card, view, picks, [pickedCard, pickedView]) {
  frame.disabled = !picks || view < 0
  if (view < 0) return
  frame.dataset.pick = `${card},${view}`
  frame.setAttribute("aria-pressed", String(picks && card === pickedCard && view === pickedView))
}

function paint(part, rgb, height, width) {
  const { canvas } = part
  if (canvas.height !== height || canvas.width !== width) {
    Object.assign(canvas, { height, width })
    part.image = null
  }
  // Read back or not, so small a canvas is drawn sooner without a GPU, and no later with one.
  const pen = canvas.getContext("2d", { willReadFrequently: true }), image = (part.image ??= pen.createImageData(width, height)), rgba = image.data
  for (let from = 0, to = 0; from < rgb.length; from += 3, to += 4) {
    rgba[to] = rgb[from]
    rgba[to + 1] = rgb[from + 1]
    rgba[to + 2] = rgb[from + 2]
    rgba[to + 3] = 255
  }
  pen.putImageData(image, 0, 0)
}

function describe(part, title, name, drawn) {
  const words = listed("grid_list", drawn?.map((line) => line.filter(Boolean).join(" ")) ?? []) || (drawn ? text("grid_unchanged") : "")
  if (words === part.words && name === part.name) return
  Object.assign(part, { words, name })
  const label = name ? text("grid_of", { title, name }) : title
  part.canvas.setAttribute("aria-label", words ? text("grid_label", { label, words }) : label)
  const lines = drawn ? (drawn.length ? drawn : [["", text("grid_unchanged")]]) : []
  while (part.list.children.length > lines.length) part.list.lastChild.remove()
  lines.forEach(([what, value], place) => line(part.list, place, what, value))
}

// What a line says changes with every movement, its place seldom.
function line(list, place, what, value) {
  let row = list.children[place]
  if (!row) {
    row = element("div", "byol-views-row", list)
    element("dt", "", row)
    element("dd", "", row)
  }
  const [name, words] = row.children
  name.hidden = !what
  if (name.textContent !== what) name.textContent = what
  if (words.textContent !== value) words.textContent = value
}
