// What the widgets of plain HTML share.
function make(tag, className, parent, text = "") {
  const made = document.createElement(tag)
  made.className = className
  made.textContent = text
  parent.append(made)
  return made
}

