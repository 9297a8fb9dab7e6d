// The widget "byol_view_sliders": sliders that send their values at once. One message is under way at a time, and of
// what moves meanwhile only the newest is kept. Streamlit's own slider waits a fifth of a second after every movement.
import { tellApart } from "../apart.js"
import { element } from "../dom.js"
import { mount } from "../mount.js"

const PATIENCE = 1500 // milliseconds until the next message goes although nothing was shown for the last one
const TRIES = 5 // of the same values, each after twice the time: a message may be lost
const REST = 250 // milliseconds after which the address follows
const NARROW = 640 // pixels: on a phone the groups are closed at first, so that the pictures are within reach
const FINE = 0.01
const SHOWN = "byol-views-shown"
const PAINTED = "byol-views-painted"
const panels = new WeakMap()

export default function ({ data, parentElement, setStateValue }) {
  if (!data) return
  const [panel, end] = mount(panels, parentElement, () => new Sliders(parentElement))
  panel.set = setStateValue
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
    this.serial = 0
    this.heard = ({ detail }) => this.arrived(detail.serial)
    this.copied = () => this.mirror()
    window.addEventListener(SHOWN, this.heard)
    window.addEventListener(PAINTED, this.copied)
  }

  close() {
    this.root.remove()
    window.removeEventListener(SHOWN, this.heard)
    window.removeEventListener(PAINTED, this.copied)
    clearTimeout(this.waiting)
    clearTimeout(this.resting)
  }

  update({ groups, revision }) {
    const layout = JSON.stringify(groups.map(({ title, sliders }) => [title, sliders.map(({ name }) => name)]))
    if (layout !== this.layout) this.build(groups)
    this.layout = layout
    const fresh = revision !== this.revision
    this.revision = revision
    for (const slider of groups.flatMap(({ sliders }) => sliders)) {
      const row = this.rows.get(slider.name)
      row.usual = slider.usual
      if (fresh) put(row.input, slider) // else whoever moves it knows best
      this.show(row)
    }
    if (fresh) this.remember()
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
    this.all = element("button", "byol-sliders-all", this.root, "Reset all to the preset")
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
    ask.setAttribute("aria-label", `What ${label} does`)
    ask.setAttribute("aria-expanded", "false")
    back.title = "Back to the preset"
    back.setAttribute("aria-label", `Reset ${label} to the preset`)
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
    this.resting = setTimeout(() => this.remember(), REST)
  }

  send() {
    this.next = false
    this.say(1)
  }

  say(time) {
    Object.assign(this, { under: true, saidAt: performance.now() })
    const values = Object.fromEntries([...this.rows].map(([name, { input }]) => [name, Number(input.value)]))
    const said = { revision: this.revision, serial: ++this.serial, values }
    tellApart("view_sliders", () => this.set("values", said))
    clearTimeout(this.waiting)
    this.waiting = setTimeout(() => this.late(time), PATIENCE * 2 ** (time - 1))
  }

  // Nothing came: what moved meanwhile goes, else the same again.
  late(time) {
    if (this.next) this.send()
    else if (time < TRIES) this.say(time + 1)
    else this.under = false
  }

  arrived(serial) {
    if (serial !== this.serial) return
    clearTimeout(this.waiting)
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
