// Numbers as people read them, and text for SVG and for a canvas.
export const COUNT = new Intl.NumberFormat("en-GB")
export const NUMBER = new Intl.NumberFormat("en-GB", { maximumSignificantDigits: 3 })

export function escaped(text) {
  return text.replace(/[&<>"]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", "\"": "&quot;" })[sign])
}

// The font of the theme, for a canvas.
export function font(theme, size, weight = 400) {
  return `${weight} ${size}px ${theme.font || "sans-serif"}`
}
