// The buttons over the map.
import { element } from "../dom.js"
import { download } from "./export.js"
import { iconButton } from "./icons.js"
import { COUNT } from "./text.js"

export class Toolbar {
  constructor(map, parent) {
    this.map = map
    this.box = element("div", "byol-map-tools", parent)
    this.box.setAttribute("role", "toolbar")
    this.box.setAttribute("aria-label", "Map tools")
    const tools = [
      ["pan", "Move the map by dragging, with two fingers on a touch screen"],
      ["lasso", "Lasso: draw around points to select them (or drag with Shift)"],
      ["box", "Box: drag a rectangle to select points"],
    ]
    this.tools = tools.map(([tool, title]) => {
      const button = iconButton(`byol-map-${tool}`, this.box, tool, title, () => this.use(tool))
      button.dataset.tool = tool
      return button
    })
    this.undo = iconButton("byol-map-undo", this.box, "undo", "Undo: the selection before (Ctrl+Z)", () => map.selecting.undo())
    element("span", "byol-map-gap", this.box)
    iconButton("byol-map-in", this.box, "plus", "Larger (+)", () => map.zoom(1.5))
    iconButton("byol-map-out", this.box, "minus", "Smaller (−)", () => map.zoom(1 / 1.5))
    iconButton("byol-map-home", this.box, "home", "The whole map (0)", () => map.home())
    element("span", "byol-map-gap", this.box)
    for (const kind of ["png", "svg"]) {
      const button = iconButton(`byol-map-save byol-map-${kind}`, this.box, "save", `Download as ${kind.toUpperCase()}`, () => download(map, kind))
      button.append(kind.toUpperCase())
    }
    const left = element("div", "byol-map-left", parent)
    this.unpin = element("button", "byol-map-button byol-map-unpin", left)
    this.unpin.textContent = "Unpin"
    this.unpin.title = "Unpin (Escape)"
    this.unpin.onclick = () => map.pin(null)
    this.clear = element("button", "byol-map-button byol-map-clear", left)
    this.clear.title = "Clear the selection (Escape)"
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
    if (selection) this.clear.textContent = `${COUNT.format(selection.count)} selected · Clear`
  }
}
