// What all widgets do with elements of the page.
export function element(tag, className, parent, text = "") {
  const made = document.createElement(tag)
  made.className = className
  made.textContent = text
  if (tag === "button") made.type = "button"
  parent.append(made)
  return made
}

// A widget that draws nothing takes no room either: not even the gap between elements of the page.
export function hideContainer(parent) {
  parent.closest('[data-testid="stElementContainer"]')?.style.setProperty("display", "none")
}
