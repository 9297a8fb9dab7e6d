// One plotly chart per mounted widget that takes new data in place: no flicker, and the viewer's zoom stays.
const charts = new WeakMap()

export default function ({ data, parentElement }) {
  if (!data) return
  if (!charts.has(parentElement)) charts.set(parentElement, new LiveChart(parentElement))
  charts.get(parentElement).update(data)
  return () => {
    charts.get(parentElement)?.close()
    charts.delete(parentElement)
  }
}

class LiveChart {
  constructor(parent) {
    this.plot = document.createElement("div")
    this.plot.className = "byol-chart"
    this.plot.setAttribute("role", "img")
    parent.append(this.plot)
    this.sized = new ResizeObserver(() => this.drawn && this.plot.offsetWidth && globalThis.Plotly.Plots.resize(this.plot))
  }

  close() {
    this.sized.disconnect()
    if (this.drawn) globalThis.Plotly.purge(this.plot)
    this.plot.remove()
  }

  async update(state) {
    this.state = state
    this.plot.style.height = `${state.figure.layout.height}px`
    this.plot.setAttribute("aria-label", state.label)
    try {
      await loadPlotly(state.plotly)
      if (this.state === state) await this.draw()
    } catch (error) {
      this.plot.textContent = `The chart cannot be drawn in this browser (${error.message}).`
    }
  }

  theme(name) {
    return getComputedStyle(this.plot).getPropertyValue(`--st-${name}`).trim()
  }

  async draw() {
    if (this.plot._dragging) return // somebody is zooming: the next data come soon
    const { data, layout } = this.state.figure
    const line = { color: this.theme("gray-text-color") }
    const axis = {
      gridcolor: this.theme("border-color-light"), linecolor: this.theme("border-color"), tickfont: line, zeroline: false,
    }
    const themed = {
      ...layout, autosize: true, paper_bgcolor: "transparent", plot_bgcolor: "transparent",
      font: { family: this.theme("font"), size: 13, color: this.theme("text-color") },
      hoverlabel: {
        bgcolor: this.theme("secondary-background-color"), bordercolor: this.theme("border-color"),
        font: { family: this.theme("font"), color: this.theme("text-color") },
      },
      modebar: { bgcolor: "transparent", color: this.theme("gray-text-color"), activecolor: this.theme("primary-color") },
      xaxis: { ...axis, ...layout.xaxis, title: { ...layout.xaxis?.title, font: line } },
      yaxis: { ...axis, ...layout.yaxis },
    }
    // A copy, because plotly writes the viewer's zoom into what it is given.
    await globalThis.Plotly.react(this.plot, structuredClone(data), themed, this.state.config)
    if (!this.drawn) this.sized.observe(this.plot)
    this.drawn = true
  }
}
