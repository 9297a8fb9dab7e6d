// The map for screen readers: what it shows, which keys it knows, and what has changed.
import { element } from "../dom.js"
import { COUNT, NUMBER } from "./text.js"

const KEYS = "Arrow keys move the map, plus and minus zoom, 0 shows the whole. Enter pins the point at the middle, " +
  "Escape frees it. Square brackets go to the evaluation before or after."

export class Spoken {
  constructor(map, parent) {
    this.map = map
    const id = `byol-map-about-${(globalThis.byolMapsMade = (globalThis.byolMapsMade ?? 0) + 1)}`
    this.about = Object.assign(element("p", "byol-map-said byol-map-about", parent), { id })
    this.news = element("p", "byol-map-said byol-map-news", parent)
    this.news.setAttribute("role", "status")
    // Neither a picture nor a button: it takes keys of its own, and screen readers must leave them to it.
    const { plot } = map
    plot.setAttribute("role", "application")
    plot.setAttribute("aria-roledescription", "map of points")
    plot.setAttribute("aria-describedby", id)
  }

  describe() {
    const { state, field, legend } = this.map
    const groups = legend.groups().filter(({ name }) => !legend.hidden.has(name))
    const each = groups.map(({ name, count }) => `${name ?? "none"} ${COUNT.format(count)}`).join(", ")
    const range = field.range ? ` from ${NUMBER.format(field.range.low)} to ${NUMBER.format(field.range.high)}` : ""
    const colors = field.names.length || field.range ? ` Colored by ${field.title}${range}${each ? `: ${each}` : ""}.` : ""
    const about = `${COUNT.format(state.n)} points; similar images lie close together.${colors} ${KEYS}`
    if (this.about.textContent !== about) this.about.textContent = about
  }

  // What was done on this map: "pinned", "selected" or "step", as Python is told it.
  tell(what) {
    const { pinned, selection, timeline } = this.map
    const said = {
      pinned: () => (pinned === null ? "Unpinned." : `Pinned: ${this.map.words(pinned).filter(Boolean).join(", ")}.`),
      selected: () => (selection ? `${COUNT.format(selection.count)} points selected.` : "Selection cleared."),
      step: () => `The map shows ${timeline.words.textContent}.`,
    }[what]
    if (said) this.news.textContent = said()
  }
}
