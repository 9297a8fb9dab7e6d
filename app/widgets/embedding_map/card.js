// The card beside a point: its image, its class, the value it is colored by.
import { element } from "../dom.js"
import { listed, text as said } from "../texts.js"
import { hex } from "./color.js"
import { SHAPES, symbol } from "./shapes.js"

const CARD = 128 // pixels
const NARROW = 96 // pixels, on a phone

export class Card {
  constructor(map, parent) {
    this.map = map
    this.box = element("figure", "byol-map-card", parent)
    this.picture = element("canvas", "byol-map-picture", this.box)
    const text = element("figcaption", "byol-map-text", this.box)
    const head = element("div", "byol-map-head", text)
    this.symbol = symbol("byol-map-dot", head, 0, [0, 0, 0])
    this.name = element("div", "byol-map-name", head)
    this.detail = element("div", "byol-map-detail", text)
    this.said = element("div", "byol-map-said", parent)
    this.said.setAttribute("aria-live", "polite")
    this.hide()
  }

  hide() {
    this.box.hidden = true
    this.of = null
  }

  // A point, or "asked" for the picture that was asked for.
  show(of) {
    if (this.of === of && !this.box.hidden) return this.place()
    this.of = of
    const [name, detail] = of === "asked" ? [this.map.state.asked.title, said("map_yours")] : this.map.words(of)
    this.name.textContent = name
    this.mark(of)
    this.detail.textContent = detail
    this.detail.hidden = !detail
    this.said.textContent = listed("map_list", [name, detail])
    this.paint(of)
    this.box.hidden = false
    this.place()
  }

  // The point's own color and shape.
  mark(of) {
    const { bytes, shapes } = this.map
    this.symbol.toggleAttribute("hidden", of === "asked" || !bytes)
    if (of === "asked" || !bytes) return
    const path = this.symbol.firstElementChild
    path.setAttribute("d", SHAPES[shapes[of]])
    path.setAttribute("fill", hex([...bytes.slice(4 * of, 4 * of + 3)]))
  }

  // The text at once; the picture when its sheet is there, if the card still speaks of it.
  async paint(of) {
    const { state, sheets } = this.map
    const known = of === "asked" || Boolean(state.sheets)
    this.picture.hidden = !known
    if (!known) return
    this.picture.classList.add("byol-map-waits")
    const cut = await (of === "asked" ? this.askedPicture(state.asked) : sheets.cut(of))
    if (this.of !== of) return
    this.picture.hidden = !cut
    this.picture.classList.remove("byol-map-waits")
    if (cut) this.draw(...cut)
    this.place()
  }

  async askedPicture(asked) {
    const bitmap = await this.map.sheets.open(asked.picture, 3)
    return bitmap && [bitmap, 0, 0, Math.min(bitmap.width, bitmap.height)]
  }

  draw(bitmap, left, top, side) {
    const size = (this.map.narrow ? NARROW : CARD) * Math.ceil(devicePixelRatio)
    const canvas = Object.assign(this.picture, { width: size, height: size })
    // In main memory: else the first picture of a sheet waits until the whole sheet is on the graphics card.
    const pen = canvas.getContext("2d", { willReadFrequently: true })
    pen.imageSmoothingEnabled = size < side // small pictures keep their pixels
    pen.drawImage(bitmap, left, top, side, side, 0, 0, size, size)
  }

  // Above its point, below it near the upper edge, always inside the frame.
  place() {
    if (this.box.hidden || !this.map.places.ready) return
    const { camera, places, state } = this.map
    const [x, y] = this.of === "asked" ? camera.toScreen(...state.asked.xy) : camera.toScreen(places.x(this.of), places.y(this.of))
    const { offsetWidth: width, offsetHeight: height } = this.box
    const left = Math.min(Math.max(x - width / 2, 4), camera.width - width - 4)
    const top = y - height - 14 > 0 ? y - height - 14 : Math.min(y + 18, camera.height - height - 4)
    this.box.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`
  }
}
