// Maps with the same link show each other's hover, pin and selection: the same images, whatever their places.
class Links {
  constructor(map) {
    this.map = map
    this.hear = ({ detail }) => this.show(detail)
    addEventListener("byol-map", this.hear)
  }

  close() {
    removeEventListener("byol-map", this.hear)
  }

  // ``kind``: "hover", "pin" or "select"; the points as indices of this map.
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
    if (kind === "select") return map.selectLinked(ids.length ? points : null)
    map.linked[kind] = points.length ? points[0] : null
    const shown = map.linked.hover ?? map.linked.pin
    if (shown === null || shown === undefined || !map.visible[shown]) map.card.hide()
    else map.card.show(shown)
    map.mark()
  }

  index() {
    if (this.indexOf !== this.map.ids) {
      this.indexOf = this.map.ids
      this.known = new Map(Array.from(this.map.ids, (id, i) => [id, i]))
    }
    return this.known
  }
}
