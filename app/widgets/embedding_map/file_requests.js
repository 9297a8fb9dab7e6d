// The widget "byol_map_files": takes the files of a map in and asks Python for those that are missing, with one
// question of the page under way at a time. It draws nothing.
import { tellApart } from "../apart.js"
import { hideContainer } from "../dom.js"
import { mount } from "../mount.js"
import { unpack } from "../packed.js"
import { fileStore, keepFile } from "./files.js"

const PAUSE = 80 // milliseconds: what comes without asking comes first
const PATIENCE = 8000 // milliseconds after which a question is asked anew
const TRIES = 4
const mounted = new WeakMap()

export default function ({ data, parentElement, setStateValue }) {
  hideContainer(parentElement)
  if (!data) return
  const message = unpack(data)
  for (const [i, { digest, mime }] of message.files.entries()) {
    const content = message[`file${i}`]
    // Copies: a view would keep the whole message alive.
    keepFile(digest, mime ? new Blob([content], { type: mime }) : content.slice())
  }
  const [requests, end] = mount(mounted, parentElement, () => new FileRequests(message.key))
  requests.send = (number, digests) => setStateValue("missing", { number, digests })
  requests.answered(message.answers, message.files.length)
  return end
}

class FileRequests {
  constructor(key) {
    this.key = key
    Object.assign(this, { until: 0, number: 0 })
    fileStore().requests.set(key, this)
  }

  close() {
    clearTimeout(this.timer)
    const { requests: known } = fileStore()
    if (known.get(this.key) === this) known.delete(this.key)
    for (const entry of this.mine()) this.handOver(entry, known)
    this.next()
  }

  // Another map that waits for the same file asks for it from now on.
  handOver(entry, known) {
    const heir = [...entry.waiters].find((key) => known.has(key))
    if (heir) Object.assign(entry, { asker: heir, asked: -Infinity })
  }

  // Whoever waited for this one's answer may ask now.
  next() {
    for (const requests of fileStore().requests.values()) requests.wake()
  }

  // What did not come with the answer is asked for again: it was too much for one message, or the next overtook it.
  answered(number, count) {
    if (number !== this.number) return
    this.until = 0
    for (const entry of this.mine()) {
      entry.asked = -Infinity
      if (count) entry.tries = 0
    }
    this.next()
  }

  mine() {
    return [...fileStore().waiting.values()].filter(({ asker }) => asker === this.key)
  }

  wake() {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.ask(), Math.max(PAUSE, this.busyUntil() - Date.now()))
  }

  // The requests of each map are a fragment of the page, and two that speak at one moment would be taken for one.
  busyUntil() {
    return Math.max(this.until, ...Array.from(fileStore().requests.values(), ({ until }) => until))
  }

  giveUp(now) {
    const lost = this.mine().filter(({ asked, tries, lost: known }) => !known && tries >= TRIES && now - asked >= PATIENCE)
    for (const entry of lost) entry.lost = true
    if (lost.length) dispatchEvent(new CustomEvent("byol-files-lost", { detail: lost.map(({ digest }) => digest) }))
  }

  ask() {
    const now = Date.now()
    if (this.busyUntil() > now) return this.wake()
    this.giveUp(now)
    const due = this.mine().filter((entry) => now - entry.asked >= PATIENCE && entry.tries < TRIES)
    if (!due.length) return
    due.sort((one, other) => other.rank - one.rank)
    for (const entry of due) Object.assign(entry, { asked: now, tries: entry.tries + 1 })
    this.until = now + PATIENCE
    this.number = Math.max(now, this.number + 1) // also after this was taken away and came again
    const [number, digests] = [this.number, due.slice(0, 64).map(({ digest }) => digest)]
    tellApart(`files of ${this.key}`, () => this.send(number, digests))
    this.wake()
  }
}
