// The card beside a point: its picture, its class, the value it is colored by. Pictures come from sheets, one by one.
const CARD = 128 // pixels
const NARROW = 96 // pixels, on a phone

// Decoded sheets take much memory: those that were not looked at for the longest go.
class Sheets {
  constructor(map) {
    this.map = map
    this.decoded = new Map()
    this.budget = ((navigator.deviceMemory ?? 8) > 4 ? 256 : 96) * 2 ** 20
  }

  // The picture of a point as [bitmap, left, top, side]; null when there is none.
  async cut(i, rank = 3) {
    const { sheets } = this.map.state
    if (!sheets) return null
    const [sheet, place] = [Math.floor(i / sheets.perSheet), i % sheets.perSheet]
    const bitmap = await this.open(sheets.files[sheet], rank)
    const [column, row] = [place % sheets.columns, Math.floor(place / sheets.columns)]
    return bitmap && [bitmap, column * sheets.cell, row * sheets.cell, sheets.cell]
  }

  async open(digest, rank) {
    if (!digest) return null
    const sheet = this.decoded.get(digest) ?? {}
    this.decoded.delete(digest) // the newest is last
    this.decoded.set(digest, sheet)
    if (!sheet.bitmap) {
      const came = file(digest, this.map.state.key, rank) // asked for each time: it may have been given up
      sheet.opening ??= came.then(createImageBitmap).then((bitmap) => (sheet.bitmap = bitmap)).catch(() => null)
      await sheet.opening
    }
    this.trim()
    return sheet.bitmap ?? null
  }

  trim() {
    const size = ({ width, height }) => width * height * 4
    const opened = [...this.decoded].filter(([, { bitmap }]) => bitmap)
    let sum = opened.reduce((total, [, { bitmap }]) => total + size(bitmap), 0)
    for (const [digest, { bitmap }] of opened.slice(0, -1)) {
      if (sum <= this.budget) return
      this.decoded.delete(digest)
      sum -= size(bitmap)
      bitmap.close()
    }
  }

  // One sheet after the other while nothing else is to be done, as long as there is room.
  async prefetch() {
    const wanted = this.map.state.sheets?.files ?? []
    for (const digest of wanted) {
      await idle()
      if (this.map.closed || this.map.state.sheets?.files.join() !== wanted.join()) return
      await file(digest, this.map.state.key, 0)
    }
  }

  close() {
    for (const { opening } of this.decoded.values()) opening?.then((bitmap) => bitmap?.close())
    this.decoded.clear()
  }
}

function idle() {
  return new Promise((resolve) => (globalThis.requestIdleCallback ?? setTimeout)(() => resolve(), { timeout: 2000 }))
}

class Card {
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
    const [name, detail] = of === "asked" ? [this.map.state.asked.title, "the picture you asked with"] : this.map.words(of)
    this.name.textContent = name
    this.mark(of)
    this.detail.textContent = detail
    this.detail.hidden = !detail
    this.said.textContent = [name, detail].filter(Boolean).join(", ")
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
