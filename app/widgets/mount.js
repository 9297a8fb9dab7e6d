// One object for each mounted element, and what ends it. Streamlit may call a widget again before the first call is
// through, and ends the first one then: only the last call may end what both of them share.
function hold(known, parent, begin) {
  const held = known.get(parent) ?? { thing: begin() }
  known.set(parent, held)
  const turn = (held.turn = {})
  const end = () => {
    if (held.turn !== turn) return
    known.delete(parent)
    held.thing.close()
  }
  return [held.thing, end]
}
