import assert from "node:assert/strict"
import { test } from "node:test"
import { document } from "./page.js"
import { learn, listed, text, write } from "../../app/widgets/texts.js"

test("a text has its fields filled, and keeps those without a value", () => {
  learn({ some: "{n} of {all} are there" })
  assert.equal(text("some", { n: 0, all: "10" }), "0 of 10 are there")
  assert.equal(text("some", { n: 3 }), "3 of {all} are there")
})

test("several texts are put together as the language does it", () => {
  learn({ list: "{first}、{second}" })
  assert.deepEqual([listed("list", ["a", "", "b", "c"]), listed("list", ["a"]), listed("list", [])], ["a、b、c", "a", ""])
})

test("what is drawn already says its words in another language", () => {
  const root = document.createElement("div"), button = document.createElement("button")
  root.append(button)
  learn({ save: "Save", save_help: "Save it" })
  write(button, { "textContent": "save", "title": "save_help", "aria-label": "save_help" })
  learn({ save: "保存", save_help: "保存下来" }, root)
  assert.deepEqual([button.textContent, button.title, button.getAttribute("aria-label")], ["保存", "保存下来", "保存下来"])
})
