// The words of the widgets, which come from Python in the viewer's language; all widgets of the page share them.
const known = (globalThis.byolTexts ??= {})

// Takes in the words of a widget: the parts of it that are drawn already say theirs anew, in another language.
export function learn(words = {}, root = null) {
  Object.assign(known, words)
  if (root) for (const element of root.querySelectorAll("[data-says]")) say(element)
}

// One of them with its fields filled: "{n} selected".
export function text(name, values = {}) {
  return (known[name] ?? "").replace(/\{(\w+)\}/g, (whole, field) => values[field] ?? whole)
}

// Several texts as one, as the language does it; ``style`` is the name of a text for two of them.
export function listed(style, parts) {
  const [first = "", ...others] = parts.filter(Boolean)
  return others.reduce((before, next) => text(style, { first: before, second: next }), first)
}

// What an element says for good: {textContent: name, title: name, …}.
export function write(element, says) {
  element.dataset.says = JSON.stringify(says)
  say(element)
}

function say(element) {
  for (const [what, name] of Object.entries(JSON.parse(element.dataset.says))) {
    if (what === "textContent") element.textContent = text(name)
    else if (what === "title") element.title = text(name)
    else element.setAttribute(what, text(name))
  }
}
