// The slider over the evaluations: play, one step, speed. Frames that are not made yet are marked and skipped.
import { element } from "../dom.js"
import { listed, text, write } from "../texts.js"
import { iconButton, setIcon } from "./icons.js"
import { againButton } from "./standing.js"
import { fadePage } from "./waiting.js"

const TRAVEL = 500 // milliseconds from one frame to the next while playing
const STAY = 250 // milliseconds at a frame while playing
const GLANCE = 160 // milliseconds when the slider is moved by hand
const REST = 300 // milliseconds after which the slider is at rest
const SPEEDS = [0.5, 1, 2, 4]

export class Timeline {
  constructor(map, parent) {
    this.map = map
    this.box = element("div", "byol-map-time", parent)
    this.toggle = iconButton("byol-map-play", this.box, "play", "map_play", () => (this.playing ? this.pause() : this.play()))
    iconButton("byol-map-back", this.box, "back", "map_back", () => this.step(-1))
    const track = element("div", "byol-map-track", this.box)
    this.slider = Object.assign(element("input", "byol-map-slider", track), { type: "range", min: 0, step: 1 })
    write(this.slider, { "aria-label": "map_evaluation" })
    this.made = element("div", "byol-map-made", track)
    iconButton("byol-map-next", this.box, "next", "map_next", () => this.step(1))
    this.speed = element("select", "byol-map-speed", this.box)
    write(this.speed, { "aria-label": "map_speed" })
    this.speed.append(...SPEEDS.map((speed) => new Option(`${speed}×`, speed)))
    this.speed.value = "1"
    this.words = element("span", "byol-map-when", this.box)
    this.words.setAttribute("aria-live", "off")
    this.trouble = element("div", "byol-map-failed", this.box)
    this.why = element("span", "byol-map-why", this.trouble)
    this.again = againButton(map, this.trouble)
    this.slider.oninput = () => this.drag(Number(this.slider.value))
    this.box.hidden = true
  }

  close() {
    clearTimeout(this.next)
    clearTimeout(this.resting)
    if (this.map.state) fadePage(this.map.state.key, false)
  }

  get film() {
    return this.map.state.frames
  }

  get last() {
    return this.film.steps.length - 1
  }

  isMade(i) {
    return Boolean(this.film.files[i])
  }

  // The made frame nearest to one, the earlier of two; -1: none.
  nearest(i) {
    for (let off = 0; off <= this.last; off += 1) {
      if (i - off >= 0 && this.isMade(i - off)) return i - off
      if (i + off <= this.last && this.isMade(i + off)) return i + off
    }
    return -1
  }

  // The next made frame in a direction; -1: none.
  beyond(i, way) {
    for (let j = i + way; j >= 0 && j <= this.last; j += way) if (this.isMade(j)) return j
    return -1
  }

  // What Python asks for; whoever looked at the newest goes on doing so, and what was just done by hand stays.
  follow(before, decided) {
    const { steps } = this.film
    const at = steps.indexOf(this.map.state.current)
    if (decided) this.pause(false)
    if (!before || decided) this.wanted = at < 0 ? this.last : at
    else if (this.newest && !this.playing) this.wanted = this.last
    else this.wanted = Math.max(steps.indexOf(before.frames.steps[this.wanted]), 0)
    this.newest = this.wanted === this.last
    this.box.hidden = steps.length < 2
    this.slider.max = this.last
    this.go(this.wanted, before ? TRAVEL : 0)
    this.drawMade()
  }

  go(i, lasts) {
    this.wanted = i
    const near = this.nearest(i)
    this.slider.value = i
    this.say(near)
    fadePage(this.map.state.key, this.film.steps[i] !== this.map.state.current)
    if (near >= 0) this.map.show(near, lasts)
  }

  say(near) {
    const { titles, accuracy } = this.film
    const of = (i) => [titles[i], accuracy[i] === null ? "" : text("map_accuracy", { value: accuracy[i].toFixed(3) })].filter(Boolean)
    const why = `map_${this.map.state.failed[this.wanted] ? "failed" : "unmade"}${near < 0 ? "" : "_shown"}`
    const words = near === this.wanted ? of(near).join(" · ") : text(why, { wanted: titles[this.wanted], shown: titles[near] })
    this.words.textContent = words
    this.slider.setAttribute("aria-valuetext", words)
    if (near < 0) this.map.wait.say("map_making")
  }

  drawMade() {
    const { failed } = this.map.state
    const share = (i) => `${((100 * i) / (this.last + 1)).toFixed(2)}%`
    const color = (made, i) => (made ? "var(--made)" : failed[i] ? "var(--failed)" : "var(--unmade)")
    const stops = this.film.files.map((made, i) => `${color(made, i)} ${share(i)} ${share(i + 1)}`)
    this.made.style.background = `linear-gradient(to right, ${stops.join()})`
    const missing = this.film.files.filter((made) => !made).length
    this.made.hidden = !missing
    this.made.title = text("map_missing", { missing, n: this.last + 1 })
    this.drawFailed([...failed.keys()].filter((i) => failed[i] && !this.isMade(i)))
  }

  // Why some have no map, beside the one that is looked at: that one's reason stands on the map.
  drawFailed(places) {
    const { failed, again } = this.map.state
    this.trouble.hidden = !places.length
    if (!places.length) return
    const names = listed("map_list", places.slice(0, 3).map((i) => this.film.titles[i])) + (places.length > 3 ? " …" : "")
    this.why.textContent = text(places.length > 1 ? "map_failures" : "map_failure", { n: places.length, names, reason: failed[places[0]] })
    this.again.hidden = !again
  }

  drag(i) {
    this.pause(false)
    const near = this.isMade(i) ? i : Math.max(this.beyond(i, i > this.wanted ? 1 : -1), -1)
    this.go(near < 0 ? this.nearest(i) : near, GLANCE)
    this.rest()
  }

  step(way) {
    const next = this.beyond(this.wanted, way)
    if (next < 0) return
    this.pause(false)
    this.go(next, GLANCE)
    this.rest()
  }

  play() {
    if (this.beyond(this.wanted, 1) < 0) this.go(this.beyond(-1, 1), 0)
    clearTimeout(this.resting)
    this.show(true)
    this.turn()
  }

  async turn() {
    clearTimeout(this.next)
    const next = this.beyond(this.wanted, 1)
    if (next < 0) return this.pause()
    await this.map.loaded(next)
    if (!this.playing) return
    const speed = Number(this.speed.value)
    this.go(next, TRAVEL / speed)
    this.next = setTimeout(() => this.playing && this.turn(), (TRAVEL + STAY) / speed)
  }

  pause(rests = true) {
    clearTimeout(this.next)
    const was = this.playing
    this.show(false)
    if (was && rests) this.rest()
  }

  show(playing) {
    this.playing = playing
    setIcon(this.toggle, playing ? "pause" : "play", playing ? "map_pause" : "map_play")
  }

  // Told once the slider rests: the newest has no number, since a newer one may come.
  rest() {
    clearTimeout(this.resting)
    this.newest = this.wanted === this.last
    this.resting = setTimeout(() => this.map.pythonState.tell("step", this.newest ? null : this.film.steps[this.wanted]), REST)
  }
}
