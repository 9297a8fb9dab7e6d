// Whether text can be read on its background. Colors are [red, green, blue], each from 0 to 1.
const READ = 4.5 // contrast of letters and ground (WCAG 2.2, 1.4.3)

export function luminance(color) {
  const [red, green, blue] = color.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

export function contrast(one, other) {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (light + 0.05) / (dark + 0.05)
}

// Letters that can be read on a ground: those of the page, or else black or white, of which one always can.
export function letters(ground, text) {
  if (contrast(ground, text) >= READ) return ""
  return contrast(ground, [1, 1, 1]) > contrast(ground, [0, 0, 0]) ? "#fff" : "#000"
}
