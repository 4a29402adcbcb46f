/* Index keys: numbers that stand for a term in one vector store. */

/** How often a term must occur, as the saturated frequency of BM25, to be on a level of the index. */
export const levels = [0, 0.55, 0.75] as const;

/** BM25's parameters. */
export const saturation = 1.2;
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

/** All keys of a chunk with these terms. */
export function keysOf(vector_store_id: string, terms: readonly string[]): number[] {
  const counts = new Map<string, number>();
  for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1);
  const keys: number[] = [];
  for (const [term, count] of counts) {
    const frequency = saturatedFrequency(count, terms.length, typicalLength);
    for (const [level, minimum] of levels.entries()) {
      if (frequency >= minimum) keys.push(termKey(vector_store_id, term, level));
    }
  }
  return keys;
}
