// The map for screen readers: what it shows, which keys it knows, and what has changed.
import { element } from "../dom.js"
import { listed, text, write } from "../texts.js"
import { COUNT, NUMBER } from "./text.js"

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
    write(plot, { "aria-roledescription": "map_role" })
    plot.setAttribute("aria-describedby", id)
  }

  describe() {
    const { state, field, legend } = this.map
    const groups = legend.groups().filter(({ name }) => !legend.hidden.has(name))
    const each = listed("map_list", groups.map(({ name, count }) => `${name ?? text("map_none")} ${COUNT.format(count)}`))
    const about = listed("map_sentences", [text("map_about", { n: COUNT.format(state.n) }), colors(field, each), text("map_keys")])
    if (this.about.textContent !== about) this.about.textContent = about
  }

  // What was done on this map: "pinned", "selected" or "step", as Python is told it.
  tell(what) {
    const { pinned, selection, timeline } = this.map
    const said = {
      pinned: () => (pinned === null ? text("map_unpinned") : text("map_pinned", { point: listed("map_list", this.map.words(pinned)) })),
      selected: () => (selection ? text("map_points", { n: COUNT.format(selection.count) }) : text("map_cleared")),
      step: () => text("map_shows", { title: timeline.words.textContent }),
    }[what]
    if (said) this.news.textContent = said()
  }
}

// What the points are colored by, in a sentence; nothing where all are of one color.
function colors({ title, names, range }, each) {
  if (range) return text("map_range", { title, low: NUMBER.format(range.low), high: NUMBER.format(range.high) })
  if (!names.length) return ""
  return each ? text("map_colors", { title, list: each }) : text("map_colored", { title })
}
