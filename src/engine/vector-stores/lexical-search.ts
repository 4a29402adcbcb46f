import { fileSeqOf } from '../store/chunk-ids.ts';
import { countChunks, findChunks, withIndex } from '../store/chunk-index.ts';
import {
  type ChunkTerms,
  chunkTerms,
  hiddenFiles,
  termTotals,
  type TermTotals,
} from '../store/chunk-search.ts';
import type { Database } from '../store/schema.ts';
import { countIn, levels, saturatedFrequency, termKey, toLookup } from '../terms/term-keys.ts';
import { type QueryTerm, queryTerms } from '../terms/terms.ts';

/** A chunk that was found, and how well it matches: from 0 to 1. */
export interface RankedChunk {
  readonly id: number;
  readonly score: number;
}

/** The order of results: the best first, and those that match as well by their ids. */
export const byScore = (one: RankedChunk, other: RankedChunk): number =>
  other.score - one.score || one.id - other.id;

/** Where chunks are searched. */
export interface SearchScope {
  readonly vector_store_id: string;
  /** Only the chunks of these files, by their `seq`; null: of all files of the store. */
  readonly file_seqs: readonly number[] | null;
  readonly limit: number;
}

/** Words of a question that are looked up; the others are in too many chunks to matter. */
const maxTerms = 16;

/** Words of a question whose frequencies are looked up. */
const maxCountedTerms = 48;

/** Chunks read of one term and level. A term in more chunks takes part together with others. */
const maxPostings = 1000;

/** Chunks that are compared with the question exactly. */
const poolSize = 256;

/** Terms that are looked up in pairs. */
const maxPairedTerms = 6;

/** What a chunk is taken to contribute, for being on a level of a term. */
const levelWeights = [0.45, 0.72, 0.88] as const;

interface WeightedTerm {
  readonly variants: readonly string[];
  readonly lookups: readonly number[];
  /** BM25's inverse document frequency. */
  readonly weight: number;
  /** The chunks with the term, as far as they were read, with the highest level of each. */
  readonly chunks: Map<number, number>;
  readonly isComplete: boolean;
}

/** Never near 0: in a store with few chunks, all of them may have the word that matters. */
const inverseFrequency = (count: number, { chunkCount }: TermTotals): number =>
  Math.log(1 + (chunkCount + 1) / (count + 0.5));

/** A word that no chunk has counts like the average of the others. */
function weighUnknown(terms: readonly WeightedTerm[]): readonly WeightedTerm[] {
  const known = terms.filter(({ chunks }) => chunks.size > 0);
  const average = known.reduce((sum, { weight }) => sum + weight, 0) / Math.max(known.length, 1);
  return terms.map((term) => (term.chunks.size > 0 ? term : { ...term, weight: average }));
}

/** The words that a long question has most often; of those, the longest. */
const mostFrequent = (terms: readonly QueryTerm[]): readonly QueryTerm[] =>
  terms
    .toSorted((one, other) => other.count - one.count || other.word.length - one.word.length)
    .slice(0, maxCountedTerms);

const keysOn = (
  { vector_store_id }: SearchScope,
  { variants }: Pick<QueryTerm, 'variants'>,
  level: number,
) => variants.map((variant) => termKey(vector_store_id, variant, level));

/** The terms with the chunks that have them, the rarest first. */
async function lookUp(
  db: Database,
  terms: readonly QueryTerm[],
  scope: SearchScope,
  totals: TermTotals,
): Promise<WeightedTerm[]> {
  const indexScope = { limit: maxPostings + 1, file_seqs: scope.file_seqs };
  const found = await findChunks(
    db,
    terms.map((term) => [keysOn(scope, term, 0)]),
    indexScope,
  );
  const isCut = (index: number) => (found[index]?.length ?? 0) > maxPostings;
  const cutTerms = terms.filter((_, index) => isCut(index) || scope.file_seqs !== null);
  const counts = await countChunks(
    db,
    cutTerms.map((term) => keysOn(scope, term, 0)),
  );
  const countOf = (term: QueryTerm, index: number) =>
    counts[cutTerms.indexOf(term)] ?? found[index]?.length ?? 0;
  return terms
    .map((term, index) => ({
      variants: term.variants,
      lookups: term.variants.map(toLookup),
      weight: inverseFrequency(countOf(term, index), totals),
      chunks: new Map((found[index] ?? []).map((id) => [id, 0])),
      isComplete: !isCut(index),
    }))
    .toSorted((one, other) => other.weight - one.weight)
    .slice(0, maxTerms);
}

/** Finds the chunks that have a term often, and those that have a frequent term beside another one. */
async function addLevels(
  db: Database,
  terms: readonly WeightedTerm[],
  scope: SearchScope,
): Promise<void> {
  const present = terms.filter(({ chunks }) => chunks.size > 0);
  const onLevels = present.flatMap((term) =>
    // The chunks with a rare term are all known, and few of them have it very often.
    levels.slice(1, term.isComplete ? 2 : levels.length).map((_, index) => ({
      groups: [keysOn(scope, term, index + 1)],
      terms: [term],
      level: index + 1,
    })),
  );
  // The terms are in the order of their weight: of two, the second is in more chunks.
  const pairs = present.slice(0, maxPairedTerms).flatMap((term, index, paired) =>
    paired.slice(index + 1).flatMap((other) =>
      other.isComplete
        ? []
        : [
            {
              groups: [keysOn(scope, term, 0), keysOn(scope, other, 0)],
              terms: [term, other],
              level: 0,
            },
          ],
    ),
  );
  const queries = [...onLevels, ...pairs];
  const found = await findChunks(
    db,
    queries.map(({ groups }) => groups),
    { limit: maxPostings, file_seqs: scope.file_seqs },
  );
  for (const [index, { terms: matched, level }] of queries.entries()) {
    for (const id of found[index] ?? []) {
      for (const { chunks } of matched) chunks.set(id, Math.max(chunks.get(id) ?? 0, level));
    }
  }
}

/** The most promising chunks, by what the index knows of them. */
function choosePool(
  terms: readonly WeightedTerm[],
  hidden: ReadonlySet<number>,
  size: number,
): number[] {
  const sums = new Map<number, number>();
  for (const { weight, chunks } of terms) {
    for (const [id, level] of chunks) {
      sums.set(id, (sums.get(id) ?? 0) + weight * (levelWeights[level] ?? 1));
    }
  }
  return [...sums]
    .filter(([id]) => !hidden.has(fileSeqOf(id)))
    .toSorted(([id, sum], [otherId, otherSum]) => otherSum - sum || id - otherId)
    .slice(0, size)
    .map(([id]) => id);
}

/**
 * How well a chunk matches: the square root of the share of the question's weight that it covers, by
 * BM25. A chunk that has all words once has about 0.7.
 */
function scoreChunk(
  { terms: counts, term_count }: ChunkTerms,
  terms: readonly WeightedTerm[],
  { averageLength }: TermTotals,
): number {
  let sum = 0;
  let total = 0;
  for (const { lookups, weight } of terms) {
    const count = Math.max(...lookups.map((lookup) => countIn(counts, lookup)));
    sum += weight * saturatedFrequency(count, term_count, averageLength);
    total += weight;
  }
  return total === 0 ? 0 : Math.sqrt(sum / total);
}

/** Ranks the chunks of a store by the words that they share with a question. */
export async function searchLexically(
  db: Database,
  question: string,
  scope: SearchScope,
): Promise<RankedChunk[]> {
  const terms = mostFrequent(queryTerms(question));
  const totals = await termTotals(db, scope.vector_store_id);
  if (terms.length === 0 || totals.chunkCount === 0) return [];
  const weighted = await withIndex(db, async (indexed) => {
    const found = await lookUp(indexed, terms, scope, totals);
    await addLevels(indexed, found, scope);
    return weighUnknown(found);
  });
  const hidden = await hiddenFiles(db, scope.vector_store_id);
  const pool = choosePool(weighted, hidden, Math.max(poolSize, scope.limit));
  if (pool.length === 0) return [];
  return (await chunkTerms(db, pool))
    .map((chunk) => ({ id: chunk.id, score: scoreChunk(chunk, weighted, totals) }))
    .filter(({ score }) => score > 0)
    .toSorted(byScore)
    .slice(0, scope.limit);
}
