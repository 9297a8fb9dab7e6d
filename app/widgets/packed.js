// Reads what packed.py wrote: a header with its arrays as typed arrays under their names.
const ARRAY_TYPES = {
  uint8: Uint8Array, int16: Int16Array, int32: Int32Array, float32: Float32Array, float64: Float64Array,
}

export function unpack(bytes) {
  const aligned = bytes.byteOffset % 8 ? bytes.slice() : bytes
  const { buffer, byteOffset } = aligned
  const length = new DataView(buffer, byteOffset, 4).getUint32(0, true)
  const head = JSON.parse(new TextDecoder().decode(aligned.subarray(4, 4 + length)))
  let at = byteOffset + Math.ceil((4 + length) / 8) * 8
  for (const { name, type, bytes: size } of head.arrays) {
    const Type = ARRAY_TYPES[type]
    head[name] = new Type(buffer, at, size / Type.BYTES_PER_ELEMENT)
    at += Math.ceil(size / 8) * 8
  }
  return head
}
