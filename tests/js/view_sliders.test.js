import assert from "node:assert/strict"
import { afterEach, beforeEach, test } from "node:test"
import { Clock, document, pack, settled } from "./page.js"
import viewSliders from "../../app/widgets/view_sliders/view_sliders.js"

let clock, sent, end
beforeEach(() => {
  clock = new Clock()
  sent = []
  globalThis.byolSpoke = globalThis.byolViews = undefined
  globalThis.innerWidth = 1000
  globalThis.location = { pathname: "/augment", href: "http://lab.test/augment?shown=4" }
  globalThis.history = { state: null, replaceState: (_, __, address) => { location.href = String(address) } }
})
afterEach(() => end())

// Two sliders from 0 to 2, both at 1 as the preset has them; gives what moves one of them.
function sliders(revision = 1, value = 1, parentElement = document.createElement("div")) {
  const slider = (name) => ({ name, label: name, help: "", low: 0, high: 2, step: 0.05, value, usual: 1 })
  const data = { groups: [{ title: "", sliders: [slider("crop"), slider("blur")] }], revision }
  end = viewSliders({ data, parentElement, setStateValue: (_, said) => sent.push(said) })
  const inputs = all(parentElement).filter(({ tag }) => tag === "input")
  const move = (i, to) => {
    inputs[i].value = to
    inputs[i].oninput()
  }
  return { move, inputs, parentElement, reset: all(parentElement).find(({ className }) => className === "byol-sliders-all") }
}

const all = (element) => [element, ...element.children.filter(({ children }) => children).flatMap(all)]
const values = () => sent.map(({ values: { crop } }) => crop)
const shown = (serial, told = true) => dispatchEvent(new CustomEvent("byol-views-shown", { detail: { serial, told } }))

// A grid whose views come from an address; gives what was asked there, and answers when it is told to.
function address(status = 200) {
  const asked = [], answers = []
  globalThis.byolViews = { about: "a", serial: 0, more: "/_views/token" }
  globalThis.fetch = (url, { body }) => {
    asked.push({ url, ...JSON.parse(body) })
    const headers = new Headers({ "content-type": "application/octet-stream" })
    const bytes = pack({ serial: asked.at(-1).serial, more: url })
    return new Promise((resolve) => answers.push(() => {
      resolve({ ok: status === 200, headers, arrayBuffer: async () => bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) })
    }))
  }
  const come = async () => {
    answers.shift()()
    for (let turn = 0; turn < 4; turn++) await settled()
  }
  return { asked, come }
}

test("the first movement is sent at once", () => {
  sliders().move(0, 0.5)
  assert.deepEqual(sent, [{ revision: 1, serial: 1, values: { crop: 0.5, blur: 1 } }])
})

test("of what moves meanwhile only the newest is sent, once the first is shown", () => {
  const { move } = sliders()
  for (const to of [0.5, 0.6, 0.7]) move(0, to)
  assert.deepEqual(values(), [0.5])
  shown(1)
  assert.deepEqual(values(), [0.5, 0.7])
})

test("a message that is lost is sent again, five times in all", async () => {
  sliders().move(0, 0.5)
  await clock.pass(200_000)
  assert.deepEqual(values(), Array(5).fill(0.5))
})

test("what is shown is not sent again", async () => {
  sliders().move(0, 0.5)
  shown(1)
  await clock.pass(200_000)
  assert.deepEqual(values(), [0.5])
})

test("the address has what differs from the preset, once nothing moves", async () => {
  const { move } = sliders()
  move(0, 0.5)
  assert.ok(!location.href.includes("crop"))
  await clock.pass(300)
  assert.equal(location.href, "http://lab.test/augment?shown=4&crop=0.5")
  move(0, 1)
  await clock.pass(300)
  assert.equal(location.href, "http://lab.test/augment?shown=4")
})

test("a rerun does not move a slider back, another revision does", () => {
  const { move, inputs, parentElement } = sliders()
  move(0, 0.5)
  sliders(1, 1, parentElement)
  assert.equal(inputs[0].value, 0.5)
  sliders(2, 1.5, parentElement)
  assert.equal(inputs[0].value, 1.5)
})

test("a value between two steps is not rounded", () => {
  assert.equal(sliders(1, 0.33).inputs[0].step, 0.01)
  end()
  assert.equal(sliders(1, 0.35).inputs[0].step, 0.05)
})

test("all sliders go back to the preset", () => {
  const { move, inputs, reset } = sliders()
  assert.ok(reset.disabled)
  move(0, 0.5)
  assert.ok(!reset.disabled)
  reset.click()
  assert.deepEqual([inputs[0].value, reset.disabled], [1, true])
})

test("with an address the views are asked for there, and Streamlit is told at rest", async () => {
  const { asked, come } = address(), { move } = sliders(), got = []
  addEventListener("byol-views-come", ({ detail }) => got.push(detail.serial), { once: true })
  move(0, 0.5)
  assert.deepEqual(asked, [{ url: "/_views/token", serial: 1, values: { crop: 0.5, blur: 1 } }])
  await come()
  assert.deepEqual([got, sent], [[1], []])
  await clock.pass(750)
  assert.deepEqual(sent, [{ revision: 1, serial: 1, values: { crop: 0.5, blur: 1 } }])
})

test("one request is under way at a time, and the newest movement goes next", async () => {
  const { asked, come } = address(), { move } = sliders()
  for (const to of [0.5, 0.6, 0.7]) move(0, to)
  assert.equal(asked.length, 1)
  await come()
  assert.deepEqual(asked.map(({ values: { crop } }) => crop), [0.5, 0.7])
})

test("an address that does not answer is not asked again: Streamlit is told at once", async () => {
  const { asked, come } = address(404), { move } = sliders()
  move(0, 0.5)
  await come()
  assert.deepEqual(values(), [0.5])
  shown(1)
  move(0, 0.6)
  assert.deepEqual([asked.length, values()], [1, [0.5, 0.6]])
})

test("whatever else is pressed, Streamlit is told before", async () => {
  const { come } = address(), { move } = sliders()
  move(0, 0.5)
  await come()
  dispatchEvent(Object.assign(new Event("pointerdown"), { composedPath: () => [] }))
  assert.deepEqual(values(), [0.5])
})

test("other images with strengths of before are asked for with those of now", async () => {
  const { asked, come } = address(), { move } = sliders()
  move(0, 0.5)
  await come()
  shown(0)
  assert.deepEqual(asked.map(({ serial, values: { crop } }) => [serial, crop]), [[1, 0.5], [2, 0.5]])
})
