// The widget "byol_view_link": between the grid and the part of the page that asks a model. It brings the model's
// numbers to the cards, says which views stay (once nothing moved for a moment) and which one was picked, and has that
// part look again while an answer is being computed.
import { tellApart } from "../apart.js"
import { hideContainer } from "../dom.js"
import { mount } from "../mount.js"

const REST = 800 // milliseconds: what is asked sooner would take the time of the next movement
const links = new WeakMap()

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  hideContainer(parentElement)
  if (!data) return
  const [link, end] = mount(links, parentElement, () => new Link())
  link.set = (what, value) => tellApart("view_link", () => setStateValue(what, value))
  link.tell = (what, value) => tellApart("view_link", () => setTriggerValue(what, value))
  link.update(data)
  return end
}

class Link {
  constructor() {
    this.listeners = {
      "byol-views-shown": ({ detail }) => this.shown(detail.about),
      "byol-view-picked": ({ detail }) => this.set("pick", detail),
    }
    for (const [name, listener] of Object.entries(this.listeners)) window.addEventListener(name, listener)
  }

  close() {
    for (const [name, listener] of Object.entries(this.listeners)) window.removeEventListener(name, listener)
    clearTimeout(this.resting)
    clearInterval(this.looking)
    if (globalThis.byolViewNotes === this.notes) delete globalThis.byolViewNotes
  }

  update({ notes, rest, again }) {
    globalThis.byolViewNotes = this.notes = notes
    window.dispatchEvent(new CustomEvent("byol-view-notes"))
    this.rest = rest
    this.shown(globalThis.byolViews?.about)
    clearInterval(this.looking) // an interval, because a message that is as the last one does not come here
    this.looking = again ? setInterval(() => document.hidden || this.tell("look", true), 1000 * again) : 0
  }

  shown(about) {
    clearTimeout(this.resting)
    if (about && about !== this.rest) this.resting = setTimeout(() => this.set("rest", (this.rest = about)), REST)
  }
}
