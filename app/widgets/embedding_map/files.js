// The files of all maps of the page, under their hashes. Who misses one waits for it here; file_requests.js asks for
// it.
const KEPT = 256 * 2 ** 20 // bytes; what goes is asked for again when it is needed again

export function fileStore() {
  return (globalThis.byolFiles ??= { kept: new Map(), waiting: new Map(), requests: new Map(), size: 0 })
}

// The typed array or the Blob of that hash, asked for by the map with that key; the highest rank is asked for first.
export function file(digest, key, rank = 1) {
  const { kept, waiting, requests } = fileStore()
  if (kept.has(digest)) return Promise.resolve(kept.get(digest))
  let entry = waiting.get(digest)
  if (!entry) {
    entry = { digest, asker: key, waiters: new Set(), asked: -Infinity, tries: 0, rank }
    entry.promise = new Promise((resolve) => { entry.bring = resolve })
    waiting.set(digest, entry)
  }
  if (entry.lost) Object.assign(entry, { asked: -Infinity, tries: 0, lost: false }) // whoever comes anew has new hope
  entry.waiters.add(key)
  if (!requests.has(entry.asker)) entry.asker = key // one asks for it, however many wait
  entry.rank = Math.max(rank, entry.rank)
  requests.get(entry.asker)?.wake()
  return entry.promise
}

export function keepFile(digest, value) {
  const store = fileStore()
  const size = (kept) => kept.byteLength ?? kept.size
  if (!store.kept.has(digest)) store.size += size(value)
  store.kept.set(digest, value)
  for (const [oldest, old] of store.kept) {
    if (store.size <= KEPT || oldest === digest) break
    store.kept.delete(oldest)
    store.size -= size(old)
  }
  store.waiting.get(digest)?.bring(value)
  store.waiting.delete(digest)
}
