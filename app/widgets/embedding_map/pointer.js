// Input: mouse, pen, touch and keyboard on the map.
import { element } from "../dom.js"
import { write } from "../texts.js"

const REACH = { mouse: 14, pen: 16, touch: 24 } // pixels around a point that count as on it
const STILL = 5 // pixels a click may move
const WHEEL = 0.0016 // of a notch
const STEP = 60 // pixels an arrow key moves

export class Pointer {
  constructor(map) {
    this.map = map
    this.down = new Map()
    const { plot } = map
    plot.onpointerdown = (event) => this.press(event)
    plot.onpointermove = (event) => this.move(event)
    plot.onpointerup = (event) => this.lift(event)
    plot.onpointercancel = (event) => this.cancel(event)
    // A finger that is lifted has not left: the card of what it tapped stays.
    plot.onpointerleave = ({ pointerType }) => { if (!this.down.size && pointerType !== "touch") this.leave() }
    // One finger scrolls the page, two move the map; a tool draws with one.
    plot.addEventListener("touchmove", (event) => { if (event.touches.length > 1 || this.drawing) event.preventDefault() }, { passive: false })
    this.hint = element("div", "byol-map-hint", map.frame)
    write(this.hint, { textContent: "map_fingers" })
    this.hint.setAttribute("aria-hidden", "true")
    plot.addEventListener("wheel", (event) => this.wheel(event), { passive: false })
    plot.ondblclick = () => { if (map.toolbar.tool === "pan" && map.hovered < 0) map.home() }
    map.root.onkeydown = (event) => this.key(event)
    plot.onfocus = () => { if (!plot.matches(".byol-map-pointed")) this.aim(true) }
    plot.onblur = () => {
      plot.classList.remove("byol-map-pointed")
      this.aim(false)
    }
  }

  leave() {
    this.map.hover(-1)
    this.map.card.hide()
  }

  place(event) {
    const { left, top } = this.map.plot.getBoundingClientRect()
    return [event.clientX - left, event.clientY - top]
  }

  press(event) {
    if (event.button > 0) return
    const place = this.place(event)
    this.map.plot.classList.add("byol-map-pointed") // the ring of the focus is for whoever uses keys
    this.map.plot.focus({ preventScroll: true })
    this.aim(false)
    this.map.plot.setPointerCapture(event.pointerId)
    this.down.set(event.pointerId, place)
    this.fingers = this.down.size
    if (this.fingers > 1) return this.endLine()
    this.start = place
    this.moved = false
    const tool = event.shiftKey ? "lasso" : this.map.toolbar.tool
    this.drawing = tool === "pan" ? null : tool
    if (this.drawing) this.line = [place]
  }

  move(event) {
    const place = this.place(event)
    const before = this.down.get(event.pointerId)
    if (!before) return this.map.point(...place, REACH[event.pointerType] ?? REACH.mouse, event.timeStamp)
    this.moved ||= Math.hypot(place[0] - this.start[0], place[1] - this.start[1]) > STILL
    if (this.down.size > 1) this.pinch(event.pointerId, place)
    else if (this.moved && this.drawing) this.draw(place)
    else if (this.moved && this.fingers === 1 && event.pointerType !== "touch") this.map.pan(place[0] - before[0], place[1] - before[1])
    if (this.moved || this.down.size > 1) this.down.set(event.pointerId, place)
  }

  draw(place) {
    const [x, y] = this.start
    if (this.drawing === "box") this.line = [[x, y], [place[0], y], place, [x, place[1]]]
    else this.line.push(place)
    this.map.hover(-1)
    this.map.mark()
  }

  // Two fingers: what lies between them stays there, and grows with their distance.
  pinch(id, place) {
    const [other] = [...this.down].filter(([one]) => one !== id).map(([, at]) => at)
    const before = this.down.get(id)
    const between = (one) => Math.hypot(one[0] - other[0], one[1] - other[1])
    this.map.pan((place[0] - before[0]) / 2, (place[1] - before[1]) / 2)
    if (between(before) > 1) this.map.zoom(between(place) / between(before), (place[0] + other[0]) / 2, (place[1] + other[1]) / 2)
  }

  lift(event) {
    if (!this.down.delete(event.pointerId) || this.down.size) return
    const { line } = this
    this.endLine()
    if (this.fingers > 1) return
    if (!this.moved) return this.click(event)
    if (line?.length > 2) this.map.selecting.inside(line)
  }

  // The browser took the finger for the page.
  cancel(event) {
    if (event.pointerType === "touch" && this.fingers === 1) this.hint.animate([{ opacity: 0.95 }, { opacity: 0.95, offset: 0.6 }, { opacity: 0 }], 1600)
    this.down.delete(event.pointerId)
    this.endLine()
  }

  endLine() {
    this.line = this.drawing = null
    this.map.mark()
  }

  click(event) {
    const { map } = this
    const point = map.point(...this.place(event), REACH[event.pointerType] ?? REACH.mouse, event.timeStamp)
    if (point >= 0) {
      map.pin(point === map.pinned ? null : point)
      // The card of a pinned point would cover its neighbors; a finger has no other way to see it beside the map.
      if (event.pointerType !== "touch") map.showCard(point)
    } else if (point !== -2 && map.selection) map.selecting.set(null)
  }

  wheel(event) {
    event.preventDefault()
    const notches = event.deltaMode ? event.deltaY * 30 : event.deltaY
    this.map.zoom(Math.exp(-Math.min(Math.max(notches, -300), 300) * WHEEL), ...this.place(event))
  }

  // The keys work at the middle of the map, where a cross shows while they are used.
  aim(on) {
    const { map } = this
    if (map.aiming === on) return
    map.aiming = on
    if (on) map.aim()
    map.mark()
  }

  key(event) {
    const { map } = this
    if (event.key === "Escape") return this.escape(event)
    if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey) && !event.shiftKey) return this.undo(event)
    if (event.target !== map.plot || event.ctrlKey || event.metaKey || event.altKey) return
    const act = {
      ArrowLeft: () => map.pan(STEP, 0), ArrowRight: () => map.pan(-STEP, 0), ArrowUp: () => map.pan(0, STEP),
      ArrowDown: () => map.pan(0, -STEP), "+": () => map.zoom(1.3), "=": () => map.zoom(1.3), "-": () => map.zoom(1 / 1.3),
      0: () => map.home(), Home: () => map.home(), Enter: () => map.pinAimed(),
      p: () => map.timeline.toggle.click(), "[": () => map.timeline.step(-1), "]": () => map.timeline.step(1),
    }[event.key.length === 1 ? event.key.toLowerCase() : event.key]
    if (!act) return
    event.preventDefault()
    map.plot.classList.remove("byol-map-pointed")
    this.aim(true)
    act()
    map.aim()
  }

  undo(event) {
    event.preventDefault()
    this.map.selecting.undo()
  }

  // One thing at a time: a line being drawn, then the selection, then the pin.
  escape(event) {
    const { map } = this
    const line = Boolean(this.line)
    if (!line && !map.selection && (map.pinned ?? map.linked.pin ?? null) === null) return
    event.stopPropagation()
    if (line) {
      this.fingers = 2 // what is lifted now is no click
      this.endLine()
    } else if (map.selection) map.selecting.set(null)
    else map.pin(null)
  }
}
