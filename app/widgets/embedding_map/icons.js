// Buttons with icons.
import { element } from "../dom.js"
import { write } from "../texts.js"

const ICONS = {
  pan: "M12 3v18M3 12h18M12 3l-3 3M12 3l3 3M12 21l-3-3M12 21l3-3M3 12l3-3M3 12l3 3M21 12l-3-3M21 12l-3 3",
  lasso: "M12 5c5 0 8.500 2 8.500 5s-3.500 5-8.500 5-8.500-2-8.500-5S7 5 12 5M8 14.500c-2 1-2 3 0 3.200s2 1.800 0 3.300",
  box: "M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M11 4h2M11 20h2M4 11v2M20 11v2",
  plus: "M12 5v14M5 12h14", minus: "M5 12h14",
  undo: "M8 5L4 9l4 4M4 9h10a5 5 0 0 1 0 10h-3",
  home: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  play: "M8 5l11 7-11 7z", pause: "M8 5v14M16 5v14", back: "M16 6l-8 6 8 6zM6 6v12", next: "M8 6l8 6-8 6zM18 6v12",
  save: "M12 4v11M7 11l5 5 5-5M5 20h14",
}

// ``title``: the name of a text.
export function setIcon(button, icon, title) {
  const filled = icon === "play" || icon === "back" || icon === "next" ? " fill=\"currentColor\"" : " fill=\"none\""
  button.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true"${filled}><path d="${ICONS[icon]}"/></svg>`
  write(button, { title, "aria-label": title })
}

export function iconButton(className, parent, icon, title, act) {
  const button = element("button", `byol-map-icon ${className}`, parent)
  setIcon(button, icon, title)
  button.onclick = act
  return button
}
