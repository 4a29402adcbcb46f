/* Vectors as signed bytes: a quarter of the size, with the order of similarities almost unchanged. */

/** A float in front of each vector: the reciprocal of its length. */
const headerBytes = 4;

const maxByte = 127;

export const quantisedBytes = (dimensions: number): number => headerBytes + dimensions;

/** Writes vectors of one length one after the other; those that are missing match nothing. */
export function quantise(
  vectors: readonly (Float32Array | null)[],
  dimensions: number,
): Uint8Array {
  const size = quantisedBytes(dimensions);
  const bytes = new Uint8Array(vectors.length * size);
  const view = new DataView(bytes.buffer);
  for (const [index, vector] of vectors.entries()) {
    if (vector === null) continue;
    const start = index * size;
    const largest = vector.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    let squares = 0;
    for (const [dimension, value] of vector.entries()) {
      const byte = Math.round((value / largest) * maxByte);
      squares += byte * byte;
      view.setInt8(start + headerBytes + dimension, byte);
    }
    view.setFloat32(start, 1 / Math.sqrt(squares), true);
  }
  return bytes;
}

/** Calls `visit` with the cosine of the query and each vector, which `quantise` wrote. */
export function compareWith(
  query: Float32Array,
  vectors: Uint8Array,
  visit: (index: number, similarity: number) => void,
): void {
  const dimensions = query.length;
  const size = quantisedBytes(dimensions);
  const view = new DataView(vectors.buffer, vectors.byteOffset, vectors.byteLength);
  const bytes = new Int8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength);
  for (let index = 0, start = 0; start + size <= vectors.byteLength; index += 1, start += size) {
    let sum = 0;
    for (let dimension = 0; dimension < dimensions; dimension += 1) {
      sum += (bytes[start + headerBytes + dimension] ?? 0) * (query[dimension] ?? 0);
    }
    visit(index, sum * view.getFloat32(start, true));
  }
}
