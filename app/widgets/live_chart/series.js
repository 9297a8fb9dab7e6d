// The curves that this page has, kept once for all its charts, and the arithmetic of drawing them. No DOM here.
const KEPT = 1200 // points of one curve: with more, it is thinned to half of them
const MOST_CURVES = 400
const UNITS = 500 // into so many pieces the axis is cut for smoothing: at each, its share is forgotten once
const COLUMNS = ["step", "epoch", "seconds", "value"]
const TIMES = [["hours", 3600], ["minutes", 60], ["seconds", 1]]

// All widgets of the page share this: curves by id, the groups of a legend and which of them are hidden, and who wants to
// hear of changes.
export const page = (globalThis.byolCurves ??= { curves: new Map(), groups: "", hidden: new Set(), listeners: new Set() })

export function lastStep(curve) {
  return curve?.step.length ? curve.step[curve.step.length - 1] : -1
}

// Takes a message of the feed in; says which curves changed, and whether a piece between what is here and it is missing.
export function take({ curves, ...columns }) {
  const changed = new Set()
  let at = 0, gap = false
  for (const { id, after, count } of curves) {
    const part = Object.fromEntries(COLUMNS.map((name) => [name, Array.from(columns[name].subarray(at, at + count))]))
    at += count
    if (after > lastStep(page.curves.get(id))) gap = true
    else if (lastStep(part) > lastStep(page.curves.get(id))) {
      page.curves.set(id, thinned(after < 0 ? part : joined(page.curves.get(id), part), KEPT))
      changed.add(id)
    }
  }
  forget(new Set(curves.map(({ id }) => id)))
  return { changed, gap }
}

function joined(curve, part) {
  const start = part.step.findIndex((step) => step > lastStep(curve))
  return Object.fromEntries(COLUMNS.map((name) => [name, curve[name].concat(part[name].slice(start))]))
}

// A page that is open for days shows many runs: the curves that were first here go first.
function forget(wanted) {
  for (const id of page.curves.keys()) {
    if (page.curves.size <= MOST_CURVES) return
    if (!wanted.has(id)) page.curves.delete(id)
  }
}

// Takes the groups of a legend in: what was hidden among others is not hidden among these.
export function showGroups(groups) {
  const now = [...groups].sort().join()
  if (now === page.groups) return
  page.groups = now
  page.hidden.clear()
  page.listeners.forEach((listener) => listener(new Set(groups)))
}

// The last step of every curve of these runs ("run/attempt/key") that is here.
export function have(ids) {
  const runs = new Set(ids.map((id) => id.split("/", 2).join("/")))
  const mine = [...page.curves].filter(([id]) => runs.has(id.split("/", 2).join("/")))
  return Object.fromEntries(mine.map(([id, curve]) => [id, lastStep(curve)]))
}

// Half of `most` points: first, last, and the lowest and highest of each of equally long stretches of steps, so that
// the envelope stays. A NaN counts as the highest: it is news.
export function thinned(curve, most) {
  const count = curve.step.length
  if (count <= most) return curve
  const stretches = most / 4 - 1, first = curve.step[0], width = (lastStep(curve) - first) / stretches
  const height = (i) => (Number.isNaN(curve.value[i]) ? Infinity : curve.value[i])
  const kept = new Set([0, count - 1])
  for (let start = 1; start < count - 1; ) {
    const stretch = Math.floor((curve.step[start] - first) / width)
    let low = start, high = start, i = start
    for (; i < count - 1 && Math.floor((curve.step[i] - first) / width) === stretch; i++) {
      if (height(i) < height(low)) low = i
      if (height(i) > height(high)) high = i
    }
    kept.add(low).add(high)
    start = i
  }
  const places = [...kept].sort((a, b) => a - b)
  return Object.fromEntries(COLUMNS.map((name) => [name, places.map((i) => curve[name][i])]))
}

// An exponential moving average without the pull towards 0 of its start. It forgets by distance along the axis, not by
// point, so that a few evaluations stay what they are, and a thinned curve looks as the whole one would.
export function smoothed(x, y, weight) {
  const unit = (x[x.length - 1] - x[0]) / UNITS || 1
  let sum = 0, share = 0
  return y.map((value, i) => {
    if (!Number.isFinite(value)) return null
    const kept = weight ** (share ? Math.max(x[i] - x[i - 1], 0) / unit : 1)
    sum = sum * kept + value * (1 - kept)
    share = share * kept + (1 - kept)
    return sum / share
  })
}

// The mean of several curves at the places of the longest, and the standard deviation; each joins in where it has values.
export function meanAndSpread(lines) {
  const whole = lines.map(({ x, y }) => {
    const places = [...x.keys()].filter((i) => Number.isFinite(y[i]))
    return { x: places.map((i) => x[i]), y: places.map((i) => y[i]) }
  })
  const longest = whole.reduce((a, b) => (b.x.length > a.x.length ? b : a), { x: [] })
  const result = { x: [], mean: [], low: [], high: [], count: [] }
  for (const place of longest.x) {
    const values = whole.map((line) => between(line, place)).filter((value) => value !== null)
    const mean = values.reduce((a, b) => a + b, 0) / values.length
    const square = values.reduce((a, b) => a + (b - mean) ** 2, 0)
    const spread = values.length > 1 ? Math.sqrt(square / (values.length - 1)) : 0
    result.x.push(place)
    result.mean.push(mean)
    result.low.push(mean - spread)
    result.high.push(mean + spread)
    result.count.push(values.length)
  }
  return result
}

// The value of a line at a place, on the straight way between its neighbors; null outside of it.
function between({ x, y }, place) {
  if (!x.length || place < x[0] || place > x[x.length - 1]) return null
  let low = 0, high = x.length - 1
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (x[middle] <= place) low = middle
    else high = middle
  }
  if (x[high] <= place) return y[high]
  return y[low] + ((y[high] - y[low]) * (place - x[low])) / (x[high] - x[low] || 1)
}

// The unit in which a time reads best: its name in the code, and its length in seconds.
export function unitOf(seconds) {
  return TIMES.find(([, length]) => seconds >= 3 * length) ?? TIMES[2]
}
