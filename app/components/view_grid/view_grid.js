// A card for each picture: the original, view 1 and view 2, pixel by pixel, with the values drawn under them.
const TITLES = ["Original", "View 1", "View 2"]

export default function ({ data, parentElement }) {
  if (!data) return
  const root = parentElement.querySelector(".byol-views") ?? make("div", "byol-views", parentElement)
  const { sides, cards, originals, views } = unpack(data)
  while (root.children.length > cards.length) root.lastChild.remove()
  while (root.children.length < cards.length) makeCard(root)
  cards.forEach((card, i) => {
    const figures = root.children[i].querySelectorAll("figure")
    figures.forEach((figure, version) => {
      const [pixels, [height, width]] = version ? [views, sides[1]] : [originals, sides[0]]
      const start = (Math.max(0, version - 1) * cards.length + i) * height * width * 3
      paint(figure.querySelector("canvas"), pixels.subarray(start, start + height * width * 3), height, width)
      describe(figure, version, card)
    })
  })
}

function make(tag, className, parent) {
  const made = document.createElement(tag)
  made.className = className
  parent.append(made)
  return made
}

function makeCard(root) {
  const card = make("section", "byol-views-card", root)
  for (const title of TITLES) {
    const figure = make("figure", "byol-views-figure", card)
    make("canvas", "byol-views-picture", figure)
    make("figcaption", "byol-views-title", figure).textContent = title
    make("dl", "byol-views-drawn", figure)
  }
}

function paint(canvas, rgb, height, width) {
  if (canvas.height !== height || canvas.width !== width) Object.assign(canvas, { height, width })
  const pen = canvas.getContext("2d")
  const image = pen.createImageData(width, height)
  const rgba = image.data
  for (let from = 0, to = 0; from < rgb.length; from += 3, to += 4) {
    rgba[to] = rgb[from]
    rgba[to + 1] = rgb[from + 1]
    rgba[to + 2] = rgb[from + 2]
    rgba[to + 3] = 255
  }
  pen.putImageData(image, 0, 0)
}

function describe(figure, version, { name, drawn }) {
  const lines = version ? drawn[version - 1] : name ? [["", name]] : []
  const words = lines.map((line) => line.filter(Boolean).join(" ")).join(", ")
  const canvas = figure.querySelector("canvas")
  canvas.setAttribute("role", "img")
  canvas.setAttribute("aria-label", `${TITLES[version]}${name ? ` of ${name}` : ""}${version ? `: ${words || "unchanged"}` : ""}`)
  const list = figure.querySelector("dl")
  list.replaceChildren()
  for (const [what, value] of lines.length || !version ? lines : [["", "unchanged"]]) {
    const row = make("div", "byol-views-row", list)
    if (what) make("dt", "", row).textContent = what
    make("dd", "", row).textContent = value
  }
}
