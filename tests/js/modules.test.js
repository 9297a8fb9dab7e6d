import assert from "node:assert/strict"
import { readdirSync, readFileSync, statSync } from "node:fs"
import { dirname, join, normalize, relative } from "node:path"
import { test } from "node:test"
import { fileURLToPath } from "node:url"

const WIDGETS = fileURLToPath(new URL("../../app/widgets", import.meta.url))

function modules(folder) {
  return readdirSync(folder).map((name) => join(folder, name)).flatMap((path) => {
    if (statSync(path).isDirectory()) return path.endsWith("bundles") ? [] : modules(path)
    return path.endsWith(".js") && !path.endsWith("build.js") ? [path] : []
  })
}

function imports(path) {
  return [...readFileSync(path, "utf8").matchAll(/^import .* from "(\..*)"$/gm)].map(([, to]) => normalize(join(dirname(path), to)))
}

const graph = new Map(modules(WIDGETS).map((path) => [path, imports(path)]))

test("no two modules import each other, over whatever way", () => {
  const left = new Map(graph)
  for (let before = -1; before !== left.size; ) {
    before = left.size
    for (const [path, needed] of left) if (!needed.some((other) => left.has(other))) left.delete(path)
  }
  assert.deepEqual([...left.keys()].map((path) => relative(WIDGETS, path)), [])
})

test("a widget imports from its own folder and from the shared one", () => {
  for (const [path, needed] of graph) {
    for (const other of needed) assert.ok([WIDGETS, dirname(path)].includes(dirname(other)), `${path} imports ${other}`)
  }
})

test("a module of the folder is a widget or is imported", () => {
  const used = new Set([...graph.values()].flat())
  const isWidget = (path) => /^export default function/m.test(readFileSync(path, "utf8"))
  assert.deepEqual([...graph.keys()].filter((path) => used.has(path) === isWidget(path)), [])
})
