// The names of the categories at the centers of their clusters, as far as there is room.
import { font } from "./text.js"

export const MOST_LABELS = 40
export const LABEL = 13 // pixels
const SMALL = 11 // pixels, where the map is narrow
const FEW = 3 // points, below which a category has no middle worth a name
const SAMPLE = 20000 // points from which the middles are found
// Where a name may go, in lines above its middle, in the order in which it is tried.
const TRIES = [0, 1, -1, 2, -2]

export class Names {
  constructor(map) {
    Object.assign(this, { map, on: true, from: new Map(), to: new Map(), known: null, widths: new Map() })
  }

  toggle() {
    this.on = !this.on
    this.map.legend.draw()
    this.map.mark()
  }

  // The middle of each category: its own point that is nearest to the median, so that it lies among its points.
  find() {
    const { places, field, visible, order } = this.map
    const members = field.names.map(() => [])
    for (let k = 0; k < Math.min(order.length, SAMPLE); k += 1) {
      const i = order[k]
      if (visible[i]) members[field.values[i]]?.push(i)
    }
    const found = members.map((points) => (points.length < FEW ? null : middle(points, places.goal)))
    return new Map(found.flatMap((place, i) => (place ? [[field.names[i], place]] : [])))
  }

  // Found anew when the points or what is visible of them are others; while the points travel, the names do.
  follow() {
    const { places, visible } = this.map
    if (this.known?.goal === places.goal && this.known.visible === visible) return
    const moved = this.known && this.known.goal !== places.goal
    const before = new Map([...this.to.keys()].map((name) => [name, this.at(name)]))
    this.known = { goal: places.goal, visible }
    this.to = this.find()
    this.from = new Map([...this.to].map(([name, place]) => [name, (moved && before.get(name)) || place]))
  }

  at(name) {
    const [from, to] = [this.from.get(name), this.to.get(name)]
    return to.map((end, k) => from[k] + (end - from[k]) * this.map.places.moved)
  }

  // As marks, the largest categories first: later ones make way.
  marks() {
    const { map } = this
    const { field, camera } = map
    if (!this.on || field?.kind !== "category" || !field.names.length || field.names.length > MOST_LABELS) return []
    this.follow()
    const groups = map.legend.groups().filter(({ name }) => this.to.has(name)).sort((one, other) => other.count - one.count)
    const boxes = []
    return groups.flatMap(({ name }) => {
      const [x, y] = camera.toScreen(...this.at(name))
      if (x < 0 || y < 0 || x > camera.width || y > camera.height) return []
      const box = this.room(name, x, y, boxes)
      if (!box) return []
      boxes.push(box)
      return [{ kind: "label", x: (box[0] + box[2]) / 2, y: (box[1] + box[3]) / 2, text: name, size: this.size }]
    })
  }

  get size() {
    return this.map.narrow ? SMALL : LABEL
  }

  // Inside the frame, and upon no other name: [left, top, right, bottom], or nothing.
  room(name, x, y, boxes) {
    const { camera } = this.map
    const [half, line] = [this.width(name) / 2 + 3, this.size + 5]
    const middle = Math.min(Math.max(x, half), camera.width - half)
    for (const lines of TRIES) {
      const top = y - line * (lines + 0.5)
      const box = [middle - half, top, middle + half, top + line]
      const free = boxes.every((other) => box[0] >= other[2] || box[2] <= other[0] || box[1] >= other[3] || box[3] <= other[1])
      if (free && top >= 0 && top + line <= camera.height) return box
    }
    return null
  }

  width(name) {
    const known = `${this.size} ${name}`
    if (!this.widths.has(known)) {
      this.pen ??= document.createElement("canvas").getContext("2d")
      this.pen.font = font(this.map.theme, this.size, 600)
      this.widths.set(known, this.pen.measureText(name).width)
    }
    return this.widths.get(known)
  }
}

function middle(points, goal) {
  const median = (k) => points.map((i) => goal[2 * i + k]).sort((one, other) => one - other)[points.length >> 1]
  const [x, y] = [median(0), median(1)]
  const away = (i) => (goal[2 * i] - x) ** 2 + (goal[2 * i + 1] - y) ** 2
  const nearest = points.reduce((best, i) => (away(i) < away(best) ? i : best))
  return [goal[2 * nearest], goal[2 * nearest + 1]]
}
