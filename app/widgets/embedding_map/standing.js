// The status over a map that is shown: which map is being made and how far that is, or why it could not be made.
import { tellApart } from "../apart.js"
import { element } from "../dom.js"
import { write } from "../texts.js"

export class Standing {
  constructor(map, parent) {
    this.map = map
    this.box = element("div", "byol-map-standing", parent)
    this.words = element("span", "byol-map-standing-words", this.box)
    this.words.setAttribute("role", "status")
    this.share = element("progress", "byol-map-share", this.box)
    this.share.max = 1
    write(this.share, { "aria-label": "map_progress" })
    this.again = againButton(map, this.box)
    this.hear = () => this.show()
    addEventListener("byol-map-status", this.hear)
  }

  close() {
    removeEventListener("byol-map-status", this.hear)
  }

  show() {
    const { state } = this.map
    const said = globalThis.byolMapStatus?.[state?.key]
    this.box.hidden = !said
    if (!said) return
    if (this.words.textContent !== said.words) this.words.textContent = said.words // or it would be read aloud again
    this.box.classList.toggle("byol-map-trouble", said.failed)
    this.share.hidden = said.share === null
    this.share.value = said.share ?? 0
    this.again.hidden = !said.failed || !state.again
  }
}

export function againButton(map, parent) {
  const button = element("button", "byol-map-button byol-map-retry", parent)
  write(button, { textContent: "map_again" })
  button.onclick = () => tellApart(map.state.link ?? map.state.key, () => map.triggerPython("again", true))
  return button
}
