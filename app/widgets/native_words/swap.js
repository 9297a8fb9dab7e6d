// Puts translations in place of English words that Streamlit writes into the page, and takes them back.
import { Phrases } from "./phrases.js"

const SPOKEN = ["aria-label", "title", "placeholder"]
const MARKED = SPOKEN.map((name) => `[${name}]`).join()
const PAGE = "http://www.w3.org/1999/xhtml" // in drawings, such as plotly's, Streamlit says nothing
const ELEMENT = 1, TEXT = 3

export class NativeWords {
  constructor(root) {
    this.root = root
    this.swapped = new WeakMap() // of each node what was swapped: its English and what stands there
    this.observer = new MutationObserver((changes) => this.changed(changes))
  }

  // The words of each place; none for English. Called for every run of a page, mostly with what it has.
  speak(places) {
    const now = JSON.stringify(places)
    if (now === this.now) return
    this.observer.disconnect()
    if (this.phrases) this.walk(this.root, (node, name) => this.back(node, name))
    this.now = now
    this.phrases = Object.keys(places).length ? new Phrases(places) : null
    if (!this.phrases) return
    this.walk(this.root, (node, name) => this.swap(node, name))
    this.observer.observe(this.root, {
      subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: SPOKEN,
    })
  }

  // Before the page is painted, so that nobody sees the English.
  changed(changes) {
    for (const { type, target, attributeName, addedNodes } of changes) {
      if (type === "childList") addedNodes.forEach((node) => this.walk(node, (at, name) => this.swap(at, name)))
      else this.swap(target, attributeName)
    }
  }

  // Each text and each attribute that is spoken, in a node and below it.
  walk(node, visit) {
    if (node.nodeType === TEXT) return visit(node, null)
    if (node.nodeType !== ELEMENT || node.namespaceURI !== PAGE) return
    for (const each of [node, ...node.querySelectorAll(MARKED)]) {
      for (const name of SPOKEN) if (each.hasAttribute(name)) visit(each, name)
    }
    const texts = document.createTreeWalker(node, NodeFilter.SHOW_TEXT)
    while (texts.nextNode()) visit(texts.currentNode, null)
  }

  swap(node, name) {
    const english = read(node, name)
    const said = english && this.phrases.said(english, name ? node : node.parentElement)
    if (!said) return
    const known = this.swapped.get(node) ?? {}
    this.swapped.set(node, { ...known, [name ?? "text"]: { english, said } })
    write(node, name, said)
  }

  back(node, name) {
    const known = this.swapped.get(node)?.[name ?? "text"]
    if (known && read(node, name) === known.said) write(node, name, known.english)
  }
}

function read(node, name) {
  return name ? node.getAttribute(name) : node.nodeValue
}

function write(node, name, text) {
  if (name) node.setAttribute(name, text)
  else node.nodeValue = text
}
