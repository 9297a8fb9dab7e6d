// The placeholder for a map that is not there yet: it is loaded or made, or could not be, with a button to try again.
import { element } from "../dom.js"
import { write } from "../texts.js"

export class Waiting {
  constructor(map, parent) {
    this.map = map
    this.box = element("p", "byol-map-wait", parent)
    this.say("map_loading")
    this.hear = ({ detail }) => this.lost(detail)
    addEventListener("byol-files-lost", this.hear)
  }

  close() {
    removeEventListener("byol-files-lost", this.hear)
  }

  // ``name``: of a text.
  say(name) {
    write(this.box, { textContent: name })
  }

  hide() {
    this.box.hidden = true
  }

  // Files that were asked for often enough: told only where nothing is drawn yet without them.
  lost(digests) {
    const { showing, state } = this.map
    if (this.box.hidden || ![showing, state?.files.values].some((needed) => digests.includes(needed))) return
    this.say("map_lost")
    const again = element("button", "byol-map-button byol-map-again", this.box)
    write(again, { textContent: "map_again" })
    again.onclick = () => this.again()
  }

  again() {
    this.say("map_loading")
    this.map.fetch()
    this.map.timeline.go(this.map.timeline.wanted, 0)
  }
}

// The page's numbers speak of the evaluation that Python knows: they fade while a map shows another one.
const ahead = (globalThis.byolMapsAhead ??= new Set()) // keys of maps
export function fadePage(key, on) {
  if (on) ahead.add(key)
  else ahead.delete(key)
  document.documentElement.classList.toggle("byol-map-ahead", ahead.size > 0)
}
