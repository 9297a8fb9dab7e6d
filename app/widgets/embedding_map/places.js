// Where the points are, also on their way from one frame to the next; which one is near a place, and which lie inside a
// lasso.
export class Places {
  constructor() {
    Object.assign(this, { origin: null, goal: null, moved: 1, began: 0, lasts: 0 })
  }

  get ready() {
    return this.goal !== null
  }

  // The points set out for another frame from wherever they are.
  go(goal, lasts, now) {
    if (!this.ready || !lasts || this.goal.length !== goal.length) Object.assign(this, { origin: goal, moved: 1, lasts: 0 })
    else Object.assign(this, { origin: this.moved < 1 ? this.here() : this.goal, moved: 0, began: now, lasts })
    this.goal = goal
  }

  here() {
    return this.goal.map((end, i) => this.origin[i] + (end - this.origin[i]) * this.moved)
  }

  // Further on; whether they are still on their way.
  advance(now) {
    if (this.moved >= 1) return false
    const share = Math.min(Math.max((now - this.began) / this.lasts, 0), 1)
    this.moved = share * share * (3 - 2 * share)
    return this.moved < 1
  }

  x(i) {
    return this.origin[2 * i] + (this.goal[2 * i] - this.origin[2 * i]) * this.moved
  }

  y(i) {
    return this.origin[2 * i + 1] + (this.goal[2 * i + 1] - this.origin[2 * i + 1]) * this.moved
  }

  // The visible point nearest to a place on the screen, at most ``reach`` pixels away; -1: none.
  nearest(camera, left, top, reach, visible) {
    const [x, y] = camera.toMap(left, top)
    const { origin, goal, moved } = this
    let [found, best] = [-1, (reach / camera.scale) ** 2]
    for (let i = 0, at = 0; i < visible.length; i += 1, at += 2) {
      if (!visible[i]) continue
      const right = origin[at] + (goal[at] - origin[at]) * moved - x
      const up = origin[at + 1] + (goal[at + 1] - origin[at + 1]) * moved - y
      const distance = right * right + up * up
      if (distance < best) [found, best] = [i, distance]
    }
    return found
  }

  // A flag for each visible point inside a line on the screen, [[left, top], …], and how many there are.
  inside(camera, line, visible) {
    const corners = line.map(([left, top]) => camera.toMap(left, top))
    const [xs, ys] = [corners.map(([x]) => x), corners.map(([, y]) => y)]
    const [left, right, bottom, top] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)]
    const flags = new Uint8Array(visible.length)
    let count = 0
    for (let i = 0; i < visible.length; i += 1) {
      if (!visible[i]) continue
      const [x, y] = [this.x(i), this.y(i)]
      if (x < left || x > right || y < bottom || y > top || !within(xs, ys, x, y)) continue
      flags[i] = 1
      count += 1
    }
    return { flags, count }
  }
}

// Even-odd rule: a ray from the place crosses the line an odd number of times.
function within(xs, ys, x, y) {
  let odd = false
  for (let i = 0, j = xs.length - 1; i < xs.length; j = i, i += 1) {
    if (ys[i] > y !== ys[j] > y && x < ((xs[j] - xs[i]) * (y - ys[i])) / (ys[j] - ys[i]) + xs[i]) odd = !odd
  }
  return odd
}

// An order without an order, the same each time.
export function shuffled(n) {
  const order = Uint32Array.from({ length: n }, (_, i) => i)
  let seed = 1
  for (let i = n - 1; i > 0; i -= 1) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
    const j = Math.floor((seed / 2 ** 32) * (i + 1))
    ;[order[i], order[j]] = [order[j], order[i]]
  }
  return order
}

// Flags as bits, as base64: 60,000 numbers would go along with every later click.
export function toBits(flags) {
  const bytes = new Uint8Array(Math.ceil(flags.length / 8))
  flags.forEach((flag, i) => { if (flag) bytes[i >> 3] |= 1 << (i & 7) })
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))
}

export function fromBits(text, n) {
  const bytes = atob(text)
  return Uint8Array.from({ length: n }, (_, i) => (bytes.charCodeAt(i >> 3) >> (i & 7)) & 1)
}
