// As much of a web page as the logic of the widgets asks for, and a clock that goes on only when a test says so.
// What needs layout, a canvas or WebGL is tested in a real browser (tests/browser).
class FakeElement {
  constructor(tag) {
    Object.assign(this, { tag, children: [], attributes: {}, dataset: {}, style: { setProperty() {} }, hidden: false })
    const classes = new Set()
    this.classList = {
      add: (name) => classes.add(name), contains: (name) => classes.has(name),
      toggle: (name, on) => (on ? classes.add(name) : classes.delete(name)),
    }
  }

  get textContent() {
    return this.children.map((child) => child.textContent ?? child).join("")
  }

  set textContent(text) {
    this.children = text === "" ? [] : [String(text)]
  }

  append(...added) {
    for (const child of added) {
      this.children.push(child)
      if (child instanceof FakeElement) child.parent = this
    }
  }

  replaceChildren(...children) {
    this.children = []
    this.append(...children)
  }

  remove() {
    if (this.parent) this.parent.children = this.parent.children.filter((child) => child !== this)
  }

  setAttribute(name, value) {
    this.attributes[name] = String(value)
  }

  getAttribute(name) {
    return this.attributes[name] ?? null
  }

  toggleAttribute(name, on) {
    if (on) this.attributes[name] = ""
    else delete this.attributes[name]
  }

  // "[data-…]" alone.
  querySelectorAll(selector) {
    const [, name] = selector.match(/^\[data-(\w+)\]$/)
    const inner = this.children.filter((child) => child instanceof FakeElement)
    return inner.flatMap((child) => [...(name in child.dataset ? [child] : []), ...child.querySelectorAll(selector)])
  }

  closest() {
    return null
  }

  click() {
    this.onclick?.({ detail: 1 })
  }

  // A canvas whose letters are all seven pixels wide.
  getContext() {
    return { measureText: (text) => ({ width: 7 * text.length }) }
  }
}

const events = new EventTarget()
export const document = {
  createElement: (tag) => new FakeElement(tag),
  createElementNS: (_, tag) => new FakeElement(tag),
  documentElement: new FakeElement("html"),
}

Object.assign(globalThis, {
  window: globalThis,
  document,
  addEventListener: events.addEventListener.bind(events),
  removeEventListener: events.removeEventListener.bind(events),
  dispatchEvent: events.dispatchEvent.bind(events),
  getComputedStyle: () => ({ colorScheme: "light" }),
  Option: class extends FakeElement {
    constructor(text, value) {
      super("option")
      Object.assign(this, { textContent: text, value })
    }
  },
})
globalThis.navigator ??= {} // Node 20
globalThis.CustomEvent ??= class extends Event { // Node 18
  constructor(name, { detail } = {}) {
    super(name)
    this.detail = detail
  }
}

export class Clock {
  constructor() {
    Object.assign(this, { now: 1_000_000, timers: new Map(), count: 0 })
    globalThis.setTimeout = (act, wait = 0) => {
      this.timers.set(++this.count, { act, at: this.now + wait })
      return this.count
    }
    globalThis.clearTimeout = (timer) => this.timers.delete(timer)
    Date.now = () => this.now
    Object.defineProperty(globalThis, "performance", { value: { now: () => this.now }, configurable: true })
  }

  // Goes on by so many milliseconds: what is due on the way is done in its order.
  async pass(milliseconds) {
    const end = this.now + milliseconds
    await settled()
    for (;;) {
      const [next] = [...this.timers].filter(([, { at }]) => at <= end).sort(([, one], [, other]) => one.at - other.at)
      if (!next) break
      const [timer, { act, at }] = next
      this.timers.delete(timer)
      this.now = Math.max(this.now, at)
      act()
      await settled()
    }
    this.now = end
  }
}

const immediately = setImmediate

// Until all promises that are through have told those that wait for them.
export function settled() {
  return new Promise((resolve) => immediately(resolve))
}

// As app/widgets/packed.py does it.
export function pack(header, arrays = {}) {
  const parts = Object.entries(arrays)
  const type = (array) => array.constructor.name.replace("Array", "").toLowerCase()
  const about = parts.map(([name, array]) => ({ name, type: type(array), bytes: array.byteLength }))
  const head = new TextEncoder().encode(JSON.stringify({ ...header, arrays: about }))
  const first = new Uint8Array(4 + head.length)
  new DataView(first.buffer).setUint32(0, head.length, true)
  first.set(head, 4)
  const blocks = [first, ...parts.map(([, array]) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength))]
  const whole = new Uint8Array(blocks.reduce((sum, block) => sum + Math.ceil(block.length / 8) * 8, 0))
  let at = 0
  for (const block of blocks) {
    whole.set(block, at)
    at += Math.ceil(block.length / 8) * 8
  }
  return whole
}
