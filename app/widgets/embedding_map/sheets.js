// The sheets of thumbnails. Decoded they take much memory, so the least recently used ones are dropped.
import { file } from "./files.js"

export class Sheets {
  constructor(map) {
    this.map = map
    this.decoded = new Map()
    this.budget = ((navigator.deviceMemory ?? 8) > 4 ? 256 : 96) * 2 ** 20
  }

  // The picture of a point as [bitmap, left, top, side]; null when there is none.
  async cut(i, rank = 3) {
    const { sheets } = this.map.state
    if (!sheets) return null
    const [sheet, place] = [Math.floor(i / sheets.perSheet), i % sheets.perSheet]
    const bitmap = await this.open(sheets.files[sheet], rank)
    const [column, row] = [place % sheets.columns, Math.floor(place / sheets.columns)]
    return bitmap && [bitmap, column * sheets.cell, row * sheets.cell, sheets.cell]
  }

  async open(digest, rank) {
    if (!digest) return null
    const sheet = this.decoded.get(digest) ?? {}
    this.decoded.delete(digest) // the newest is last
    this.decoded.set(digest, sheet)
    if (!sheet.bitmap) {
      const came = file(digest, this.map.state.key, rank) // asked for each time: it may have been given up
      sheet.opening ??= came.then(createImageBitmap).then((bitmap) => (sheet.bitmap = bitmap)).catch(() => null)
      await sheet.opening
    }
    this.trim()
    return sheet.bitmap ?? null
  }

  trim() {
    const size = ({ width, height }) => width * height * 4
    const opened = [...this.decoded].filter(([, { bitmap }]) => bitmap)
    let sum = opened.reduce((total, [, { bitmap }]) => total + size(bitmap), 0)
    for (const [digest, { bitmap }] of opened.slice(0, -1)) {
      if (sum <= this.budget) return
      this.decoded.delete(digest)
      sum -= size(bitmap)
      bitmap.close()
    }
  }

  // One sheet after the other while nothing else is to be done, as long as there is room.
  async prefetch() {
    const wanted = this.map.state.sheets?.files ?? []
    for (const digest of wanted) {
      await idle()
      if (this.map.closed || this.map.state.sheets?.files.join() !== wanted.join()) return
      await file(digest, this.map.state.key, 0)
    }
  }

  close() {
    for (const { opening } of this.decoded.values()) opening?.then((bitmap) => bitmap?.close())
    this.decoded.clear()
  }
}

export function idle() {
  return new Promise((resolve) => (globalThis.requestIdleCallback ?? setTimeout)(() => resolve(), { timeout: 2000 }))
}
