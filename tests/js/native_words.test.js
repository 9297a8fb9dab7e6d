import assert from "node:assert/strict"
import { test } from "node:test"
import { Phrases } from "../../app/widgets/native_words/phrases.js"

const PHRASES = new Phrases({
  uploader: { Upload: "上传", "{size} per file": "每个文件最大{size}", "Remove {name}": "移除{name}" },
  number: { "Clear value": "清除", "Enter {least} to {most}.": "请输入{least}到{most}。" },
  select: { "Clear value": "清除" },
})

// An element inside these places.
function inside(...places) {
  return { closest: (selector) => (selector.split(", ").some((place) => places.includes(place)) ? {} : null) }
}

test("a word is swapped whole, and only in its place", () => {
  assert.equal(PHRASES.said("Upload", inside("uploader")), "上传")
  assert.equal(PHRASES.said("Upload it", inside("uploader")), null)
  assert.equal(PHRASES.said("Upload", inside("number")), null)
  assert.equal(PHRASES.said("Upload", null), null)
})

test("a word of several places is swapped in each", () => {
  for (const place of ["number", "select"]) assert.equal(PHRASES.said("Clear value", inside(place)), "清除")
  assert.equal(PHRASES.said("Clear value", inside("uploader")), null)
})

test("what stands around a word stays", () => {
  assert.equal(PHRASES.said(" Upload\n", inside("uploader")), " 上传\n")
  assert.equal(PHRASES.said("  ", inside("uploader")), null)
})

test("a field takes anything with it, as it is", () => {
  assert.equal(PHRASES.said("200MB per file", inside("uploader")), "每个文件最大200MB")
  assert.equal(PHRASES.said("Remove $& {name} of $1", inside("uploader")), "移除$& {name} of $1")
  assert.equal(PHRASES.said("Enter 0.5 to 1.", inside("number")), "请输入0.5到1。")
  assert.equal(PHRASES.said("Enter 0.5 to 1?", inside("number")), null)
})

test("a long text is none of Streamlit's", () => {
  assert.equal(PHRASES.said(`Remove ${"x".repeat(300)}`, inside("uploader")), null)
})

test("without phrases nothing is swapped", () => {
  assert.equal(new Phrases({}).said("Upload", inside("uploader")), null)
})
