import assert from "node:assert/strict"
import { afterEach, beforeEach, test } from "node:test"
import { Clock, document, pack } from "./page.js"
import fileRequests from "../../app/widgets/embedding_map/file_requests.js"
import { file, fileStore, keepFile } from "../../app/widgets/embedding_map/files.js"

const PAUSE = 100 // milliseconds: a little more than the widget waits
const PATIENCE = 8100
let clock, maps

beforeEach(() => {
  clock = new Clock()
  maps = []
  globalThis.byolFiles = globalThis.byolSpoke = undefined
})
afterEach(() => maps.forEach(({ end }) => end()))

// The widget of one map: the questions that it asked, and how the server answers.
function map(key) {
  const parentElement = document.createElement("div"), questions = []
  const made = { questions, answer }
  function answer(number, files = {}) {
    const names = Object.keys(files)
    const header = { key, answers: number, files: names.map((digest) => ({ digest, mime: "" })) }
    const arrays = Object.fromEntries(names.map((digest, i) => [`file${i}`, files[digest]]))
    made.end = fileRequests({ data: pack(header, arrays), parentElement, setStateValue: (_, said) => questions.push(said) })
  }
  answer(0)
  maps.push(made)
  return made
}

test("what is asked for comes to whoever waits", async () => {
  const one = map("one"), coming = file("a", "one")
  await clock.pass(PAUSE)
  assert.deepEqual(one.questions.map(({ digests }) => digests), [["a"]])
  one.answer(one.questions[0].number, { a: Float32Array.of(1, 2) })
  assert.deepEqual(await coming, Float32Array.of(1, 2))
  assert.deepEqual(await file("a", "one"), Float32Array.of(1, 2)) // kept
})

test("a picture comes as a file of its kind", async () => {
  map("one")
  const parentElement = document.createElement("div"), coming = file("p", "one")
  const data = pack({ key: "two", answers: 0, files: [{ digest: "p", mime: "image/webp" }] }, { file0: Uint8Array.of(1, 2, 3) })
  maps.push({ end: fileRequests({ data, parentElement, setStateValue() {} }) })
  assert.equal((await coming).type, "image/webp")
})

test("the most urgent is asked for first", async () => {
  const one = map("one")
  for (const [digest, rank] of [["later", 0], ["now", 3], ["soon", 1]]) file(digest, "one", rank)
  await clock.pass(PAUSE)
  assert.deepEqual(one.questions[0].digests, ["now", "soon", "later"])
})

test("one question a page is under way at a time", async () => {
  const [one, two] = [map("one"), map("two")]
  file("a", "one")
  await clock.pass(PAUSE)
  file("b", "two")
  await clock.pass(1000)
  assert.deepEqual([one.questions.length, two.questions.length], [1, 0])
  one.answer(one.questions[0].number, { a: Float32Array.of(1) })
  await clock.pass(PAUSE)
  assert.deepEqual(two.questions.map(({ digests }) => digests), [["b"]])
})

test("two maps that miss something at one moment ask one after the other", async () => {
  const [one, two] = [map("one"), map("two")]
  file("a", "one")
  file("b", "two")
  await clock.pass(1000)
  assert.deepEqual([one.questions.length, two.questions.length], [1, 0])
})

test("what did not come with the answer is asked for again", async () => {
  const one = map("one")
  file("a", "one")
  file("b", "one")
  await clock.pass(PAUSE)
  one.answer(one.questions[0].number, { a: Float32Array.of(1) })
  await clock.pass(PAUSE)
  assert.deepEqual(one.questions[1].digests, ["b"])
  assert.ok(one.questions[1].number > one.questions[0].number)
})

test("a question without an answer is asked anew", async () => {
  const one = map("one")
  file("a", "one")
  await clock.pass(PAUSE + PATIENCE)
  assert.deepEqual(one.questions.map(({ digests }) => digests), [["a"], ["a"]])
})

test("what never comes is given up, said, and hoped for anew", async () => {
  const one = map("one"), lost = []
  const hear = ({ detail }) => lost.push(...detail)
  addEventListener("byol-files-lost", hear)
  file("a", "one")
  await clock.pass(8 * PATIENCE)
  assert.deepEqual([one.questions.length, lost], [4, ["a"]])
  file("a", "one")
  await clock.pass(PAUSE)
  assert.equal(one.questions.length, 5)
  removeEventListener("byol-files-lost", hear)
})

test("a file that two maps wait for is asked for by the one that stays", async () => {
  const [one, two] = [map("one"), map("two")]
  file("shared", "one")
  file("shared", "two")
  one.end()
  await clock.pass(PAUSE)
  assert.deepEqual([one.questions, two.questions.map(({ digests }) => digests)], [[], [["shared"]]])
})

test("files beyond the budget go, the oldest first", () => {
  const large = { byteLength: 150 * 2 ** 20 }
  keepFile("a", large)
  keepFile("b", large)
  assert.deepEqual([...fileStore().kept.keys()], ["b"])
  assert.equal(fileStore().size, large.byteLength)
})
