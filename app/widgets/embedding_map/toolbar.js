// The buttons over the map.
import { element } from "../dom.js"
import { download } from "./export.js"
import { text, write } from "../texts.js"
import { iconButton } from "./icons.js"
import { COUNT } from "./text.js"

export class Toolbar {
  constructor(map, parent) {
    this.map = map
    this.box = element("div", "byol-map-tools", parent)
    this.box.setAttribute("role", "toolbar")
    write(this.box, { "aria-label": "map_tools" })
    this.tools = ["pan", "lasso", "box"].map((tool) => {
      const button = iconButton(`byol-map-${tool}`, this.box, tool, `map_${tool}`, () => this.use(tool))
      button.dataset.tool = tool
      return button
    })
    this.undo = iconButton("byol-map-undo", this.box, "undo", "map_undo", () => map.selecting.undo())
    element("span", "byol-map-gap", this.box)
    iconButton("byol-map-in", this.box, "plus", "map_larger", () => map.zoom(1.5))
    iconButton("byol-map-out", this.box, "minus", "map_smaller", () => map.zoom(1 / 1.5))
    iconButton("byol-map-home", this.box, "home", "map_whole", () => map.home())
    element("span", "byol-map-gap", this.box)
    for (const kind of ["png", "svg"]) {
      const button = iconButton(`byol-map-save byol-map-${kind}`, this.box, "save", `map_${kind}`, () => download(map, kind))
      button.append(kind.toUpperCase())
    }
    const left = element("div", "byol-map-left", parent)
    this.unpin = element("button", "byol-map-button byol-map-unpin", left)
    write(this.unpin, { textContent: "map_unpin", title: "map_unpin_key" })
    this.unpin.onclick = () => map.pin(null)
    this.clear = element("button", "byol-map-button byol-map-clear", left)
    write(this.clear, { title: "map_clear" })
    this.clear.onclick = () => map.selecting.set(null)
  }

  use(tool) {
    this.tool = tool
    for (const button of this.tools) button.setAttribute("aria-pressed", String(button.dataset.tool === tool))
    this.map.plot.dataset.tool = tool
  }

  draw() {
    const { pinned, linked, selection } = this.map
    this.unpin.hidden = (pinned ?? linked.pin ?? null) === null
    this.clear.hidden = !selection
    this.undo.disabled = !this.map.selecting.before.length
    if (selection) this.clear.textContent = text("map_selected", { n: COUNT.format(selection.count) })
  }
}
