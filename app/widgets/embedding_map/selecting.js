// Which points are selected, by a lasso here, on a linked map, or by the page; and the selections before, for undo.
import { fromBits, toBits } from "./places.js"

const BACK = 20 // selections that can be brought back

export class Selecting {
  constructor(map) {
    this.map = map
    this.before = []
  }

  inside(line) {
    const { map } = this
    const found = map.places.inside(map.camera, line, map.visible)
    this.set(found.count ? found : null)
  }

  set(selection) {
    this.keep()
    this.put(selection)
  }

  put(selection) {
    const { map } = this
    map.selection = selection
    map.pythonState.tell("selected", selection ? toBits(selection.flags) : "")
    map.links.tellSelection()
    map.recolor()
  }

  // What was selected here is kept, nothing too, but not twice.
  keep() {
    const { ownSelection: own } = this.map.links
    if (own || this.before.at(-1) !== null) this.before.push(own)
    this.before = this.before.slice(-BACK)
  }

  // The selection before: also what a click beside the points, or the page, has cleared.
  undo() {
    if (!this.before.length) return
    this.put(this.before.pop())
    this.map.toolbar.draw()
  }

  // What the page says is selected, to be drawn with the rest of its message.
  take(bits) {
    const { map } = this
    const flags = bits ? fromBits(bits, map.state.n) : null
    if (!flags && map.selection?.foreign) return
    if (map.links.ownSelection) this.keep()
    const before = map.selection?.count ?? 0
    map.selection = flags && { flags, count: flags.reduce((sum, flag) => sum + flag, 0) }
    map.links.tellSelection()
    if ((map.selection?.count ?? 0) !== before) map.spoken.tell("selected")
  }

  // Linked maps have one selection: the last one, wherever it was made.
  takeLinked(points) {
    const { map } = this
    if (map.links.ownSelection) {
      this.keep()
      map.pythonState.tell("selected", "")
    }
    const flags = new Uint8Array(map.state.n)
    for (const i of points ?? []) flags[i] = 1
    map.selection = points && { flags, count: points.length, foreign: true }
    map.recolor()
  }
}
