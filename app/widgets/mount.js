// One object for each mounted element, and the function that ends it. Streamlit may call a widget again before it has
// ended the first call: only the end of the last call may close the object that they share.
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
