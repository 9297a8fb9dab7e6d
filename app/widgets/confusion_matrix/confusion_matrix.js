// The widget "byol_matrix": a table of shaded cells. A click, a tap or Enter chooses a cell, the arrow keys move.
import { element } from "../dom.js"
import { unpack } from "../packed.js"
import { learn, text } from "../texts.js"
import { letters, luminance } from "./contrast.js"

const MANY = 20 // rows or columns, from which on the cells are small
const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }
const tables = new WeakMap()

export default function ({ data, parentElement, setTriggerValue }) {
  if (!data) return
  if (!tables.has(parentElement)) tables.set(parentElement, new Table(parentElement))
  const table = tables.get(parentElement)
  table.pick = (row, column) => setTriggerValue("cell", [row, column])
  table.update(unpack(data))
}

// A color of the theme as [red, green, blue], from 0 to 1.
function themed(element, name) {
  const css = getComputedStyle(element).getPropertyValue(`--st-${name}`).trim()
  return [1, 3, 5].map((at) => parseInt(css.slice(at, at + 2), 16) / 255)
}

class Table {
  constructor(parent) {
    this.root = element("div", "byol-matrix", parent)
    this.table = element("table", "", this.root)
    this.table.setAttribute("role", "grid")
    this.table.onclick = ({ target }) => this.choose(target.closest("td"))
    this.table.onkeydown = (event) => this.key(event)
  }

  update(state) {
    learn(state.words)
    const said = JSON.stringify(state.words), news = said !== this.said
    const same = !news && this.state && ["rows", "columns", "texts"].every((name) => this.state[name].join("\n") === state[name].join("\n"))
    this.said = said
    this.state = state
    const names = { right: "primary-color", wrong: "orange-color", ground: "secondary-background-color", text: "text-color" }
    const theme = Object.fromEntries(Object.entries(names).map(([name, variable]) => [name, themed(this.root, variable)]))
    const turned = JSON.stringify(theme) !== JSON.stringify(this.theme)
    this.theme = theme
    this.dark = luminance(theme.text) > luminance(theme.ground)
    if (!same || turned) this.build()
    this.mark()
  }

  build() {
    const { rows, columns, corner, wide } = this.state
    this.root.toggleAttribute("data-many", Math.max(rows.length, columns.length) > MANY)
    this.root.toggleAttribute("data-wide", wide)
    this.table.style.setProperty("--count", columns.length)
    this.table.replaceChildren()
    const head = element("tr", "", element("thead", "", this.table))
    element("th", "byol-matrix-corner", head, corner)
    for (const name of columns) {
      const cell = element("th", "", head)
      cell.scope = "col"
      cell.title = name
      element("span", "", cell, name)
    }
    const body = element("tbody", "", this.table)
    this.cells = rows.map((name, row) => this.row(element("tr", "", body), name, row))
  }

  row(line, name, row) {
    const head = element("th", "", line, name)
    head.scope = "row"
    head.title = name
    const pair = (column) => ({ row: name, joint: this.state.joint, column })
    return this.state.columns.map((column, at) => this.cell(line, row, at, pair(column)))
  }

  cell(line, row, column, names) {
    const { texts, shades, columns, diagonal } = this.state, { theme } = this
    const place = row * columns.length + column, right = !diagonal || row === column
    const cell = element("td", "", line, texts[place])
    cell.style.setProperty("--tone", `var(--st-${right ? "primary" : "orange"}-color)`)
    // A wrong cell stays so light that its letters can be read on it.
    const shade = Math.round(shades[place] * (right ? 100 : this.dark ? 45 : 55))
    cell.style.setProperty("--shade", shade)
    const tone = right ? theme.right : theme.wrong
    cell.style.color = letters(theme.ground.map((part, i) => part + ((tone[i] - part) * shade) / 100), theme.text)
    cell.setAttribute("role", "gridcell")
    cell.title = text("matrix_cell", { ...names, value: texts[place] || text("matrix_none") })
    cell.setAttribute("aria-label", cell.title)
    cell.tabIndex = -1
    cell.dataset.at = `${row},${column}`
    return cell
  }

  mark() {
    const [row, column] = this.state.chosen ?? [-1, -1]
    this.table.querySelector("[aria-selected]")?.removeAttribute("aria-selected")
    this.table.querySelector("td[tabindex='0']")?.setAttribute("tabindex", "-1")
    const cell = this.cells[row]?.[column]
    cell?.setAttribute("aria-selected", "true")
    const reached = cell ?? this.cells[0]?.[0]
    if (reached) reached.tabIndex = 0
  }

  choose(cell) {
    if (!cell) return
    cell.focus({ preventScroll: true })
    this.pick(...this.placeOf(cell))
  }

  placeOf(cell) {
    return cell.dataset.at.split(",").map(Number)
  }

  key(event) {
    const cell = event.target.closest("td")
    if (!cell) return
    const step = STEPS[event.key]
    if (event.key === "Enter" || event.key === " ") this.choose(cell)
    else if (step) this.walk(this.placeOf(cell), step)
    else return
    event.preventDefault()
  }

  walk([row, column], [down, right]) {
    const next = this.cells[row + down]?.[column + right]
    if (!next) return
    this.table.querySelector("td[tabindex='0']")?.setAttribute("tabindex", "-1")
    next.tabIndex = 0
    next.focus()
  }
}
