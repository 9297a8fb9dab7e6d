// Linked maps: each shows the hover, the pin and the selection of the others, on the same images.
export class Links {
  constructor(map) {
    this.map = map
    this.hear = ({ detail }) => this.show(detail)
    addEventListener("byol-map", this.hear)
  }

  // Nothing of a map that goes stays behind on the others.
  close() {
    removeEventListener("byol-map", this.hear)
    this.tell("hover", [])
    if (this.map.pinned !== null) this.tell("pin", [])
    if (this.ownSelection) this.tell("select", [])
  }

  // A map that is there now tells what is pinned and selected on it, and is told what is so elsewhere.
  meet() {
    this.tell("meet", [])
    this.introduce()
  }

  introduce() {
    if (this.map.pinned !== null) this.tell("pin", [this.map.pinned])
    if (this.ownSelection) this.tellSelection()
  }

  get ownSelection() {
    const { selection } = this.map
    return selection && !selection.foreign ? selection : null
  }

  tellSelection() {
    const { flags } = this.ownSelection ?? {}
    this.tell("select", flags ? [...flags.keys()].filter((i) => flags[i]) : [])
  }

  // The pin, on whichever map it is.
  free() {
    this.map.linked.pin = null
    this.pin()
    this.map.mark()
    this.tell("free", [])
  }

  // ``kind``: "hover", "pin", "select", "free" (the pin, wherever it is) or "meet"; the points as indices of this map.
  tell(kind, points) {
    const { state, ids } = this.map
    if (!state?.link || !ids) return
    const detail = { link: state.link, key: state.key, kind, ids: points.map((i) => ids[i]) }
    dispatchEvent(new CustomEvent("byol-map", { detail }))
  }

  show({ link, key, kind, ids }) {
    const { map } = this
    if (!map.state?.link || link !== map.state.link || key === map.state.key || !map.ids) return
    const points = ids.map((id) => this.index().get(id)).filter((i) => i !== undefined)
    if (kind === "select") return map.selecting.takeLinked(ids.length ? points : null)
    if (kind === "meet") return this.introduce()
    if (kind === "free") return map.pinned !== null && map.pin(null)
    map.linked[kind] = points.length ? points[0] : null
    if (kind === "pin") this.pin()
    this.card(map.linked.hover ?? -1)
    map.mark()
  }

  // Its lines at once, until Python says its neighbors in the full space.
  pin() {
    this.map.linkedNear = this.map.nearOf(this.map.linked.pin)
    this.map.toolbar.draw()
  }

  card(i) {
    const { map } = this
    if (i >= 0 && map.visible[i] && i !== map.pinned && i !== map.linked.pin) map.card.show(i)
    else map.card.hide()
  }

  index() {
    if (this.indexOf !== this.map.ids) {
      this.indexOf = this.map.ids
      this.known = new Map(Array.from(this.map.ids, (id, i) => [id, i]))
    }
    return this.known
  }
}
