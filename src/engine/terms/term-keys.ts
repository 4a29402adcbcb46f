/* Index keys: numbers that stand for a term in one vector store. */

/** How often a term must occur, as the saturated frequency of BM25, to be on a level of the index. */
export const levels = [0, 0.65, 0.82] as const;

/** BM25's parameters. */
const saturation = 1.2;
const lengthWeight = 0.75;

/** In terms; assumed for the levels, because the average changes with every file. */
const typicalLength = 300;

/** BM25's frequency of a term that occurs `count` times among `length` terms: from 0 to 1. */
export const saturatedFrequency = (count: number, length: number, averageLength: number): number =>
  count /
  (count + saturation * (1 - lengthWeight + (lengthWeight * length) / Math.max(averageLength, 1)));

/** A 50-bit hash (after cyrb53). Two terms with one hash only lead to a candidate that is ruled out later. */
function hash(text: string, seed: number): number {
  let high = 0xdeadbeef ^ seed;
  let low = 0x41c6ce57 ^ seed;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    high = Math.imul(high ^ unit, 2_654_435_761);
    low = Math.imul(low ^ unit, 1_597_334_677);
  }
  high =
    Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909);
  low =
    Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909);
  return 4_294_967_296 * (0x3ffff & low) + (high >>> 0);
}

/** The key of a term in a store, on a level. */
export const termKey = (vector_store_id: string, term: string, level: number): number =>
  hash(`${vector_store_id} ${level} ${term}`, 0);

/** What a chunk is searched by. */
export interface TermIndex {
  /** The keys of its terms. */
  readonly keys: number[];
  /** See {@link countIn}. */
  readonly counts: Uint8Array;
  /** The number of terms. */
  readonly length: number;
}

const bytesPerTerm = 5;
const maxCount = 255;

const shortHash = (term: string): number => hash(term, 1) % 2 ** 32;

/** Hashes of all terms in ascending order, then how often the text has each. */
function packCounts(counts: ReadonlyMap<string, number>): Uint8Array {
  const entries = [...counts].map(([term, count]) => [shortHash(term), count] as const);
  entries.sort(([one], [other]) => one - other);
  const bytes = new Uint8Array(entries.length * bytesPerTerm);
  const view = new DataView(bytes.buffer);
  for (const [index, [termHash, count]] of entries.entries()) {
    view.setUint32(index * 4, termHash, true);
    bytes[entries.length * 4 + index] = Math.min(count, maxCount);
  }
  return bytes;
}

/** Indexes a text with these terms for one store. */
export function indexTerms(vector_store_id: string, terms: readonly string[]): TermIndex {
  const counts = new Map<string, number>();
  for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1);
  const keys: number[] = [];
  for (const [term, count] of counts) {
    const frequency = saturatedFrequency(count, terms.length, typicalLength);
    for (const [level, minimum] of levels.entries()) {
      if (frequency >= minimum) keys.push(termKey(vector_store_id, term, level));
    }
  }
  return { keys, counts: packCounts(counts), length: terms.length };
}

/** A term that texts are asked for. */
export const toLookup = (term: string): number => shortHash(term);

/** How often a text has a term, by {@link toLookup}; from what {@link indexTerms} counted. */
export function countIn(counts: Uint8Array, lookup: number): number {
  const view = new DataView(counts.buffer, counts.byteOffset, counts.byteLength);
  const size = counts.byteLength / bytesPerTerm;
  let [low, high] = [0, size - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const value = view.getUint32(middle * 4, true);
    if (value === lookup) return counts[size * 4 + middle] ?? 0;
    if (value < lookup) low = middle + 1;
    else high = middle - 1;
  }
  return 0;
}
