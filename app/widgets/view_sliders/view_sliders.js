// The widget "byol_view_sliders": sliders that get the views of where they stand at once, from the address that the grid
// has (see scenes.py), and tell Streamlit once they rest. One request is under way at a time, and of what moves meanwhile
// only the newest is kept. Where that address does not answer, Streamlit is told of each movement instead.
import { tellApart } from "../apart.js"
import { element } from "../dom.js"
import { mount } from "../mount.js"
import { unpack } from "../packed.js"
import { learn, text } from "../texts.js"

const PATIENCE = 1500 // milliseconds until the next message goes although nothing was shown for the last one
const GIVE_UP = 10_000 // milliseconds after which a request for views has failed
const SETTLED = 750 // milliseconds after which Streamlit is told, before the model is asked (view_link.js): it redraws at length
const TRIES = 5 // of the same values, each after twice the time: a message may be lost
const REST = 250 // milliseconds after which the address follows
const NARROW = 640 // pixels: on a phone the groups are closed at first, so that the pictures are within reach
const FINE = 0.01
const SHOWN = "byol-views-shown"
const COME = "byol-views-come"
const PAINTED = "byol-views-painted"
const CAPTURE = { capture: true } // before what is pressed acts
const panels = new WeakMap()

export default function ({ data, parentElement, setStateValue }) {
  if (!data) return
  const [panel, end] = mount(panels, parentElement, () => new Sliders(parentElement))
  panel.set = setStateValue
  learn(data.words)
  panel.update(data)
  return end
}

// What a file or an address says may lie between two steps, and must not be rounded to one of them.
function put(input, { value, usual, step }) {
  const isStep = (at) => Math.abs(at / step - Math.round(at / step)) < 1e-6
  input.step = isStep(value) && isStep(usual) ? step : FINE
  input.value = value
}

class Sliders {
  constructor(parent) {
    this.root = element("div", "byol-sliders", parent)
    this.path = location.pathname
    this.begin()
    this.listeners = {
      [SHOWN]: ({ detail }) => this.shown(detail),
      [PAINTED]: () => this.mirror(),
      // What is used next may need to know where the sliders stand.
      focusout: () => this.settle(),
      pointerdown: (event) => event.composedPath().includes(this.root) || this.settle(),
    }
    for (const [name, listener] of Object.entries(this.listeners)) window.addEventListener(name, listener, CAPTURE)
  }

  begin() {
    Object.assign(this, { serial: 0, told: 0, under: false, next: false })
  }

  close() {
    this.root.remove()
    for (const [name, listener] of Object.entries(this.listeners)) window.removeEventListener(name, listener, CAPTURE)
    for (const timer of [this.waiting, this.resting, this.settling]) clearTimeout(timer)
  }

  update({ groups, revision, words }) {
    const layout = JSON.stringify([words, groups.map(({ title, sliders }) => [title, sliders.map(({ name, label, help }) => [name, label, help])])])
    const stood = layout !== this.layout && this.rows ? this.values() : {}
    if (layout !== this.layout) this.build(groups)
    this.layout = layout
    const fresh = revision !== this.revision
    this.revision = revision
    for (const slider of groups.flatMap(({ sliders }) => sliders)) {
      const row = this.rows.get(slider.name)
      row.usual = slider.usual
      if (fresh) put(row.input, slider) // else whoever moves it knows best
      else if (slider.name in stood) put(row.input, { ...slider, value: stood[slider.name] })
      this.show(row)
    }
    if (!fresh) return
    this.begin()
    this.remember()
  }

  build(groups) {
    this.root.replaceChildren()
    this.rows = new Map()
    this.pair = element("div", "byol-sliders-pair", this.root)
    this.pair.setAttribute("aria-hidden", "true") // the grid says it
    const narrow = window.innerWidth < NARROW
    for (const { title, sliders } of groups) {
      const part = element(title ? "details" : "div", "byol-sliders-part", this.root)
      if (title) element("summary", "", part, title)
      if (title) part.open = !narrow
      const group = element("div", "byol-sliders-group", part)
      for (const slider of sliders) this.row(group, slider)
    }
    this.all = element("button", "byol-sliders-all", this.root, text("sliders_reset_all"))
    this.all.onclick = () => this.reset([...this.rows.values()])
    this.mirror()
  }

  // On a phone the grid is out of sight while one slides: its first pictures stay above the sliders.
  mirror() {
    const pictures = globalThis.byolFirstViews ?? []
    while (this.pair.children.length > pictures.length) this.pair.lastChild.remove()
    pictures.forEach((from, i) => {
      const to = this.pair.children[i] ?? element("canvas", "", this.pair)
      if (to.width !== from.width || to.height !== from.height) Object.assign(to, { width: from.width, height: from.height })
      if (to.offsetWidth) to.getContext("2d").drawImage(from, 0, 0)
    })
  }

  row(group, { name, label, help, low, high, step }) {
    const line = element("div", "byol-slider", group)
    const head = element("div", "byol-slider-head", line)
    const title = element("label", "", head, label)
    const ask = element("button", "byol-slider-ask", head, "?")
    const back = element("button", "byol-slider-back", head, "↺")
    const value = element("output", "", head)
    const input = element("input", "", line)
    const words = element("p", "byol-slider-help", line, help)
    words.id = `byol-help-${name}`
    words.hidden = true
    Object.assign(input, { type: "range", min: low, max: high, step, id: `byol-slider-${name}`, title: help })
    input.setAttribute("aria-describedby", words.id)
    title.htmlFor = value.htmlFor = input.id
    ask.onclick = () => this.explain(ask, words)
    ask.setAttribute("aria-label", text("sliders_ask", { label }))
    ask.setAttribute("aria-expanded", "false")
    back.title = text("sliders_back")
    back.setAttribute("aria-label", text("sliders_reset", { label }))
    const row = { name, line, input, value, back, usual: 0 }
    back.onclick = () => this.reset([row])
    input.oninput = () => this.moved(row)
    input.ondblclick = () => this.reset([row])
    this.rows.set(name, row)
  }

  explain(ask, words) {
    words.hidden = !words.hidden
    ask.setAttribute("aria-expanded", String(!words.hidden))
  }

  show(row) {
    const { line, input, value, back, usual } = row
    const now = Number(input.value), share = (at) => (at - input.min) / (input.max - input.min)
    value.textContent = now.toFixed(2)
    line.style.setProperty("--at", share(now))
    line.style.setProperty("--usual", share(usual))
    back.disabled = now === usual
    line.toggleAttribute("data-changed", now !== usual)
    this.all.disabled = [...this.rows.values()].every((each) => Number(each.input.value) === each.usual)
  }

  reset(rows) {
    for (const row of rows) {
      row.input.value = row.usual
      this.show(row)
    }
    this.changed()
  }

  moved(row) {
    this.show(row)
    this.changed()
  }

  changed() {
    if (this.under && performance.now() - this.saidAt < PATIENCE) this.next = true
    else this.send()
    clearTimeout(this.resting)
    clearTimeout(this.settling)
    this.resting = setTimeout(() => this.remember(), REST)
    this.settling = setTimeout(() => this.settle(), SETTLED)
  }

  send() {
    const more = globalThis.byolViews?.more
    Object.assign(this, { under: true, next: false, saidAt: performance.now(), serial: this.serial + 1 })
    if (more && more !== this.deaf) this.ask(more)
    else this.tell(1)
  }

  async ask(more) {
    const { serial } = this, views = await drawn(more, { serial, values: this.values() })
    if (serial !== this.serial) return // they moved on
    if (!views) {
      this.deaf = more
      return this.tell(1)
    }
    window.dispatchEvent(new CustomEvent(COME, { detail: views }))
    this.arrived(serial) // also when the grid has come to show something else
  }

  values() {
    return Object.fromEntries([...this.rows].map(([name, { input }]) => [name, Number(input.value)]))
  }

  // Streamlit learns where the sliders stand, if it does not know.
  settle() {
    clearTimeout(this.settling)
    if (this.told !== this.serial) this.tell(1)
  }

  tell(time) {
    this.told = this.serial
    const said = { revision: this.revision, serial: this.serial, values: this.values() }
    tellApart("view_sliders", () => this.set("values", said))
    clearTimeout(this.waiting)
    this.waiting = setTimeout(() => this.late(time), PATIENCE * 2 ** (time - 1))
  }

  // Nothing came: what moved meanwhile goes, else the same again.
  late(time) {
    if (this.under && this.next) this.send()
    else if (time < TRIES && this.told === this.serial) this.tell(time + 1)
    else this.under = false
  }

  // What the grid shows came from Streamlit (told), or from here.
  shown({ serial, told }) {
    if (told && serial === this.told) clearTimeout(this.waiting)
    if (serial === this.serial) this.arrived(serial)
    else if (told && !this.under) this.send() // other images, with the strengths that Streamlit knew
  }

  arrived(serial) {
    if (serial !== this.serial) return
    this.under = false
    if (this.next) this.send()
  }

  // The address has what differs from the preset, so that it leads back here.
  remember() {
    if (location.pathname !== this.path) return
    const address = new URL(location.href)
    for (const [name, { input, usual }] of this.rows) {
      if (Number(input.value) === usual) address.searchParams.delete(name)
      else address.searchParams.set(name, Number(input.value))
    }
    if (address.href !== location.href) history.replaceState(history.state, "", address)
  }
}

// The grid with other strengths; nothing where the address does not answer.
async function drawn(address, asked) {
  try {
    const signal = AbortSignal.timeout(GIVE_UP)
    const answer = await fetch(address, { method: "POST", body: JSON.stringify(asked), signal })
    const isGrid = answer.ok && answer.headers.get("content-type") === "application/octet-stream"
    return isGrid ? unpack(new Uint8Array(await answer.arrayBuffer())) : null
  } catch {
    return null
  }
}
