// The translations of whole texts, each for its places; in a phrase "{name}" stands for anything. No DOM here but closest().
const LONGEST = 300 // characters: a text of more is none of Streamlit's
const FIELD = /\{(\w+)\}/g

export class Phrases {
  // {selector: {english: said}}; the same English in several places is said the same in all.
  constructor(places) {
    this.whole = new Map()
    for (const [place, words] of Object.entries(places)) {
      for (const [english, said] of Object.entries(words)) {
        const known = this.whole.get(english)
        this.whole.set(english, { place: known ? `${known.place}, ${place}` : place, said })
      }
    }
    const open = [...this.whole].filter(([english]) => english.includes("{"))
    this.open = open.map(([english, entry]) => ({ ...entry, pattern: pattern(english, (name) => `(?<${name}>.+)`) }))
    // All at once, for the many texts that are none of them.
    this.any = new RegExp(open.map(([english]) => pattern(english, () => ".+").source).join("|") || "$^", "s")
  }

  // What stands for a text in an element; null where it is none of these, or another place.
  said(text, element) {
    if (text.length > LONGEST) return null
    const word = text.trim()
    if (!word) return null
    const found = this.whole.get(word) ?? this.filled(word)
    if (!found || !element?.closest(found.place)) return null
    return text.replace(word, () => found.said)
  }

  filled(word) {
    if (!this.any.test(word)) return null
    for (const { pattern, place, said } of this.open) {
      const fields = pattern.exec(word)?.groups
      if (fields) return { place, said: said.replace(FIELD, (field, name) => fields[name] ?? field) }
    }
    return null
  }
}

function pattern(english, field) {
  const parts = english.split(FIELD) // text and names by turns
  const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&")
  return new RegExp(`^${parts.map((part, i) => (i % 2 ? field(part) : escaped(part))).join("")}$`, "s")
}
