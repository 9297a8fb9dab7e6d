// The visible part of the map: its center in units of the map, and pixels per unit (the same in both directions).
const NEAREST = 400 // times as large as the whole
const MARGIN = 0.06

export class Camera {
  constructor() {
    Object.assign(this, { x: 0, y: 0, scale: 1, width: 1, height: 1, homeScale: 1, atHome: true })
  }

  // The whole map, [left, right, bottom, top], becomes home; whoever looks at the whole goes on doing so.
  fit(extent, width, height) {
    const [left, right, bottom, top] = extent
    const span = (low, high) => (high - low) * (1 + 2 * MARGIN) || 1
    const before = Math.min(this.width, this.height)
    Object.assign(this, { width, height, homeX: (left + right) / 2, homeY: (bottom + top) / 2 })
    this.homeScale = Math.min(width / span(left, right), height / span(bottom, top))
    if (this.atHome) this.home()
    else this.scale *= Math.min(width, height) / before
  }

  home() {
    Object.assign(this, { x: this.homeX, y: this.homeY, scale: this.homeScale, atHome: true })
  }

  get view() {
    return this.atHome ? null : { x: this.x, y: this.y, zoom: this.scale / this.homeScale }
  }

  set view(view) {
    if (view) Object.assign(this, { x: view.x, y: view.y, scale: view.zoom * this.homeScale, atHome: false })
    else this.home()
  }

  toScreen(x, y) {
    return [(x - this.x) * this.scale + this.width / 2, (this.y - y) * this.scale + this.height / 2]
  }

  toMap(left, top) {
    return [(left - this.width / 2) / this.scale + this.x, (this.height / 2 - top) / this.scale + this.y]
  }

  pan(right, down) {
    this.x -= right / this.scale
    this.y += down / this.scale
    this.atHome = false
  }

  // The place under the fingers stays where it is.
  zoom(factor, left = this.width / 2, top = this.height / 2) {
    const [x, y] = this.toMap(left, top)
    this.scale = Math.min(Math.max(this.scale * factor, this.homeScale / 2), this.homeScale * NEAREST)
    const [nowX, nowY] = this.toMap(left, top)
    this.x += x - nowX
    this.y += y - nowY
    this.atHome = false
  }
}
