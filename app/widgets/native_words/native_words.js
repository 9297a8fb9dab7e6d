// The widget "byol_native_words": says in which language the document is, and has Streamlit's own words in it. It draws
// nothing.
import { hideContainer } from "../dom.js"
import { NativeWords } from "./swap.js"

export default function ({ data, parentElement }) {
  hideContainer(parentElement)
  if (!data) return
  document.documentElement.lang = data.lang
  const words = (globalThis.byolNativeWords ??= new NativeWords(document.body))
  words.speak(data.places)
}
