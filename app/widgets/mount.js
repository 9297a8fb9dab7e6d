// One object for each mounted element, and what ends it. Streamlit may call a widget again before the first call is
// through, and ends the first one then: only the last call may end what both of them share.
export function mount(known, parent, begin) {
  const mounted = known.get(parent) ?? { thing: begin() }
  known.set(parent, mounted)
  const turn = (mounted.turn = {})
  const end = () => {
    if (mounted.turn !== turn) return
    known.delete(parent)
    mounted.thing.close()
  }
  return [mounted.thing, end]
}
