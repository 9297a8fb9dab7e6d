// The widget "byol_live_chart": one plotly chart per mounted element. It takes new data in place: no flicker, and zoom
// and hover stay.
import { loadPlotly } from "../asset_store.js"
import { mount } from "../mount.js"
import { learn, text } from "../texts.js"
import { page } from "./series.js"
import { inTheme } from "./theme.js"
import { described, expanded } from "./traces.js"

const charts = new WeakMap()

export default function ({ data, parentElement }) {
  if (!data) return
  learn(data.words)
  const [chart, end] = mount(charts, parentElement, () => new LiveChart(parentElement))
  chart.update(data)
  return end
}

class LiveChart {
  constructor(parent) {
    this.plot = document.createElement("div")
    this.plot.className = "byol-chart"
    this.plot.setAttribute("role", "figure") // not "img": the buttons of its toolbar are reached by the keyboard
    parent.append(this.plot)
    this.sized = new ResizeObserver(() => this.drawn && this.plot.offsetWidth && globalThis.Plotly.Plots.resize(this.plot))
    this.heard = (changed) => this.concerns(changed) && this.soon()
    page.listeners.add(this.heard)
  }

  // Whatever plotly makes of it: a chart that is over goes out of the page.
  close() {
    this.closed = true
    page.listeners.delete(this.heard)
    cancelAnimationFrame(this.frame)
    clearTimeout(this.later)
    this.sized.disconnect()
    try {
      if (this.begun) globalThis.Plotly.purge(this.plot)
    } finally {
      this.plot.remove()
    }
  }

  concerns(changed) {
    return this.state?.figure.data.some(({ curves, legendgroup }) => curves?.some((id) => changed.has(id)) || changed.has(legendgroup))
  }

  async update(plain) {
    const state = inTheme(plain, this.plot)
    const now = JSON.stringify([state, this.theme("background-color"), this.theme("text-color")])
    if (now === this.shown) return // a poll that brought nothing new
    this.shown = now
    this.state = state
    this.plot.style.height = `${state.figure.layout.height}px`
    try {
      await loadPlotly(state.plotly)
      if (this.state === state) this.soon()
    } catch (error) {
      this.plot.textContent = text("chart_broken", { reason: error.message })
    }
  }

  // Once a frame at most, and not at all while the page is out of sight.
  soon() {
    if (!globalThis.Plotly || this.closed) return
    cancelAnimationFrame(this.frame)
    this.frame = requestAnimationFrame(() => this.draw())
  }

  theme(name) {
    return getComputedStyle(this.plot).getPropertyValue(`--st-${name}`).trim()
  }

  themed(layout) {
    const line = { color: this.theme("gray-text-color") }
    const text = { family: this.theme("font"), color: this.theme("text-color") }
    const axis = {
      gridcolor: this.theme("border-color-light"), linecolor: this.theme("border-color"), tickfont: line, zeroline: false,
    }
    return {
      ...layout, autosize: true, paper_bgcolor: "transparent", plot_bgcolor: "transparent", font: { ...text, size: 13 },
      hoverlabel: {
        bgcolor: this.theme("secondary-background-color"), bordercolor: this.theme("border-color"), font: text, namelength: 40,
      },
      modebar: { bgcolor: "transparent", color: this.theme("gray-text-color"), activecolor: this.theme("primary-color") },
      xaxis: { ...axis, ...layout.xaxis, title: { ...layout.xaxis?.title, font: line } },
      yaxis: { ...axis, ...layout.yaxis },
    }
  }

  async draw() {
    if (this.plot._dragging) { // somebody is zooming
      clearTimeout(this.later)
      this.later = setTimeout(() => this.soon(), 300)
      return
    }
    const { data, layout } = expanded(this.state.figure)
    const pointer = this.pointer
    this.begun = true
    await globalThis.Plotly.react(this.plot, data, this.themed(layout), this.state.config)
    if (this.closed) return
    this.plot.setAttribute("aria-label", this.state.label || described(this.state.figure))
    if (!this.drawn) this.listen()
    this.drawn = true
    if (pointer) this.pointAt(pointer)
    this.pointer = pointer
  }

  listen() {
    this.sized.observe(this.plot)
    this.plot.on("plotly_hover", ({ event }) => { if (event?.clientX) this.pointer = [event.clientX, event.clientY] })
    this.plot.on("plotly_unhover", () => { this.pointer = null })
  }

  // The hover that was there, with the new values: a new drawing takes it away.
  pointAt([x, y]) {
    const { xaxis, yaxis } = this.plot._fullLayout, box = this.plot.getBoundingClientRect()
    const place = { xpx: x - box.x - xaxis._offset, ypx: y - box.y - yaxis._offset }
    globalThis.Plotly.Fx.hover(this.plot, place, "xy")
  }
}
