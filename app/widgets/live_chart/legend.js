// The widget "byol_legend": one legend for all charts of the page. A click hides a line in each of them, a double click
// shows it alone.
import { mount } from "../mount.js"
import { learn, write } from "../texts.js"
import { page, showGroups } from "./series.js"
import { DASHES, inTheme } from "./theme.js"

const TWICE = 350 // milliseconds between two clicks that are one double click
const legends = new WeakMap()

export default function ({ data, parentElement }) {
  if (!data) return
  learn(data.words, parentElement)
  const [legend, end] = mount(legends, parentElement, () => new Legend(parentElement))
  legend.show(inTheme(data, parentElement).lines)
  return end
}

class Legend {
  constructor(parent) {
    this.root = document.createElement("div")
    this.root.className = "byol-legend"
    this.root.setAttribute("role", "group")
    write(this.root, { "aria-label": "chart_lines" })
    parent.append(this.root)
  }

  close() {
    this.root.remove()
  }

  show(lines) {
    this.groups = lines.map(({ group }) => group)
    showGroups(this.groups)
    const buttons = lines.map(({ name, color, dash, group }) => {
      const button = document.createElement("button")
      button.type = "button"
      const dashes = `stroke="${color}" stroke-dasharray="${DASHES[dash]}"`
      button.innerHTML = `<svg class="byol-legend-line" viewBox="0 0 32 4" aria-hidden="true"><path d="M0 2H32" ${dashes}/></svg>`
      button.append(name)
      button.dataset.group = group
      write(button, { title: "chart_hide" })
      button.onclick = () => this.clicked(group)
      return button
    })
    this.root.replaceChildren(...buttons)
    this.mark()
  }

  mark() {
    for (const button of this.root.children) button.setAttribute("aria-pressed", !page.hidden.has(button.dataset.group))
  }

  clicked(group) {
    const now = performance.now(), others = this.groups.filter((other) => other !== group)
    if (this.last?.group === group && now - this.last.at < TWICE) {
      const alone = !this.last.hidden.has(group) && others.every((other) => this.last.hidden.has(other))
      this.groups.forEach((each) => page.hidden.delete(each))
      if (!alone) others.forEach((other) => page.hidden.add(other))
    } else {
      this.last = { group, at: now, hidden: new Set(page.hidden) }
      if (!page.hidden.delete(group)) page.hidden.add(group)
    }
    this.mark()
    page.listeners.forEach((listener) => listener(new Set(this.groups)))
  }
}
