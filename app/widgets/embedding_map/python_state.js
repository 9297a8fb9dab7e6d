// What Python knows of this map: the pinned point, the selected points, the evaluation at which the slider rests.
// Streamlit repeats the browser's last message with every rerun, so what the page itself decides has to become the
// browser's message. Messages are numbered: what Python says counts if it knows the last one.
import { tellApart } from "../apart.js"

export class PythonState {
  constructor(map) {
    this.map = map
    this.last = { pinned: null, selected: "", step: null }
    this.serial = null
  }

  tell(what, value) {
    if (this.last[what] === value) return
    this.last[what] = value
    this.map.spoken.tell(what)
    this.send()
  }

  send() {
    this.serial += 1
    const { link, key } = this.map.state
    tellApart(link ?? key, () => this.map.tellPython("told", { ...this.last, serial: this.serial }))
  }

  // What the page has decided otherwise than the viewer; from now on it is the viewer's word.
  hear(state) {
    this.serial ??= state.serial
    if (state.serial !== this.serial) return {} // older than what was done here
    const changed = Object.keys(this.last).filter((what) => state[what] !== this.last[what])
    const decided = Object.fromEntries(changed.map((what) => [what, state[what]]))
    if (!changed.length) return decided
    Object.assign(this.last, decided)
    this.send()
    return decided
  }
}
