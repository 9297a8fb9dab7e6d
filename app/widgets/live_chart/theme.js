// Figures name the colors of the light theme; in the dark theme each has a counterpart.
export function inTheme(state, element) {
  if (!onDark(element)) return state
  const text = JSON.stringify(state).replace(/#[0-9A-F]{6}/g, (color) => state.dark[color] ?? color)
  return { ...JSON.parse(text), dark: state.dark }
}

function onDark(element) {
  return getComputedStyle(element).colorScheme.includes("dark")
}

// The dashes of plotly as those of a line in SVG, for its width.
export const DASHES = { solid: "", dash: "6 4", dot: "2 3", dashdot: "6 3 2 3", longdash: "10 4", longdashdot: "10 3 2 3" }
