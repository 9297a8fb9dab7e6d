// The legend: a button for each category with its color and shape, or a color bar for numbers.
import { element } from "../dom.js"
import { text, write } from "../texts.js"
import { categoryColors, hex, ramp } from "./color.js"
import { MOST_LABELS } from "./names.js"
import { BAR, shapeOf, symbol } from "./shapes.js"
import { COUNT, NUMBER } from "./text.js"

export const NONE = null // the name of the points without a category: one of them may be called "none"

export class Legend {
  constructor(map, parent) {
    this.map = map
    this.box = element("div", "byol-map-legend", parent)
    this.hiddenOf = new Map() // field -> its hidden categories: they are found again when the field comes back
  }

  get hidden() {
    const { title } = this.map.field
    if (!this.hiddenOf.has(title)) this.hiddenOf.set(title, new Set())
    return this.hiddenOf.get(title)
  }

  // The categories with their colors and counts, those without one last; none for numbers.
  groups() {
    const { field, theme } = this.map
    if (field.kind !== "category") return []
    const { names } = field
    const counts = new Uint32Array(names.length + 1)
    for (const value of field.values) counts[value >= 0 && value < names.length ? value : names.length] += 1
    const colors = categoryColors(theme, names.length)
    const groups = names.map((name, i) => ({ name, count: counts[i], color: colors[i], shape: shapeOf(i) }))
    if (counts[names.length] && names.length) groups.push({ name: NONE, count: counts[names.length], color: theme.gray, shape: BAR })
    return groups
  }

  // Buttons stay while the categories stay, or a double-click would lose its second click.
  draw() {
    const { field, theme } = this.map
    const groups = this.groups()
    const wanted = JSON.stringify([field.colors, groups, field.range, theme.dark, text("map_none")])
    if (wanted !== this.drawn) {
      this.drawn = wanted
      this.box.replaceChildren()
      if (field.kind === "number") this.bar(field)
      else this.buttons(groups)
    }
    const { hidden } = this
    for (const button of this.box.querySelectorAll("[data-class]")) {
      button.setAttribute("aria-pressed", String(!hidden.has(this.named.get(button))))
    }
    if (this.all) this.all.hidden = !hidden.size
    this.names?.setAttribute("aria-pressed", String(this.map.names.on))
  }

  buttons(groups) {
    this.named = new Map()
    const named = groups.length > 1 && this.map.field.names.length <= MOST_LABELS
    this.names = named ? element("button", "byol-map-button byol-map-names", this.box) : null
    if (this.names) {
      write(this.names, { textContent: "map_names", title: "map_names_help" })
      this.names.onclick = () => this.map.names.toggle()
    }
    for (const group of groups) this.button(group)
    this.all = element("button", "byol-map-button byol-map-all", this.box)
    write(this.all, { textContent: "map_show_all" })
    this.all.onclick = () => this.show(new Set())
  }

  button({ name, count, color, shape }) {
    const button = element("button", "byol-map-button", this.box)
    this.named.set(button, name)
    button.dataset.class = name ?? "none"
    write(button, { title: "map_hide" })
    symbol("byol-map-dot", button, shape, color)
    button.append(name ?? text("map_none"))
    element("span", "byol-map-count", button).textContent = COUNT.format(count)
    button.onclick = (event) => (event.detail > 1 ? this.only(name) : this.toggle(name))
  }

  bar({ title, range }) {
    this.all = this.names = null
    const box = element("div", "byol-map-ramp", this.box)
    element("span", "byol-map-field", box).textContent = title
    if (!range) return box.append(text("map_no_values"))
    const [low, high] = ends(range)
    element("span", "byol-map-low", box).textContent = low
    element("span", "byol-map-bar", box).style.background = `linear-gradient(to right, ${ramp(this.map.theme).map(hex).join()})`
    element("span", "byol-map-high", box).textContent = high
  }

  toggle(name) {
    const hidden = new Set(this.hidden)
    if (!hidden.delete(name)) hidden.add(name)
    this.show(hidden)
  }

  only(name) {
    this.show(new Set(this.groups().map((group) => group.name).filter((other) => other !== name)))
  }

  show(hidden) {
    this.hiddenOf.set(this.map.field.title, hidden)
    this.map.recolor()
  }
}

// The ends of the ramp in words; "≤" where smaller values share its color.
export function ends({ low, high, below, above }) {
  return [(below ? "≤ " : "") + NUMBER.format(low), (above ? "≥ " : "") + NUMBER.format(high)]
}
