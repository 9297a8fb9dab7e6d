import assert from "node:assert/strict"
import { test } from "node:test"
import { mount } from "../../app/widgets/mount.js"

test("only the last call ends what all of them share", () => {
  const known = new WeakMap(), parent = {}, ended = []
  const begin = () => ({ close: () => ended.push(known.has(parent)) })
  const [first, endFirst] = mount(known, parent, begin)
  const [second, endSecond] = mount(known, parent, begin)
  assert.equal(first, second)
  endFirst()
  assert.deepEqual(ended, [])
  endSecond()
  assert.deepEqual(ended, [false])
  assert.ok(!known.has(parent))
})

test("what has ended begins anew", () => {
  const known = new WeakMap(), parent = {}
  const begin = () => ({ close() {} })
  const [first, end] = mount(known, parent, begin)
  end()
  assert.notEqual(mount(known, parent, begin)[0], first)
})
