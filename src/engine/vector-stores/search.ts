import { type Clock, yieldIfOthersWait } from '../../shared/clock.ts';
import type { Log } from '../../shared/log.ts';
import type { Embeddings } from '../models/embeddings.ts';
import { readFoundChunks, searchedFiles } from '../store/chunk-search.ts';
import { decode, type Database } from '../store/schema.ts';
import type { Attributes } from '../store/vector-store-files.ts';
import { matchesFilter, type SearchFilter } from './filters.ts';
import { type RankedChunk, searchLexically, type SearchScope } from './lexical-search.ts';
import { fuseRankings, type FusionWeights } from './rank-fusion.ts';
import { isUsable, touchStore } from './stores.ts';
import { searchVectors } from './vector-search.ts';

export type { SearchFilter } from './filters.ts';

/** What searching needs. */
export interface SearchDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  /** Absent or null: chunks are found by their words alone. */
  readonly embeddings?: Embeddings | null;
}

export interface SearchRequest {
  readonly store_ids: readonly string[];
  /** A chunk has the score of the query that it matches best. */
  readonly queries: readonly string[];
  /** From 1 to 50. */
  readonly limit: number;
  readonly filters: SearchFilter | null;
  /** From 0 to 1: chunks with a lower score are left out. */
  readonly scoreThreshold: number;
  /** Where there are vectors, how much the two rankings count; equally by default. */
  readonly weights?: FusionWeights;
  readonly signal?: AbortSignal;
}

export interface SearchResult {
  readonly file_id: string;
  readonly filename: string;
  /** From 0 to 1. */
  readonly score: number;
  readonly attributes: Attributes;
  readonly text: string;
  readonly page: number | null;
}

/** Chunks of each ranking: two that agree on a chunk lift it above those that only one has. */
const candidateCount = 100;

/** The files that a filter leaves; null: all. */
async function filterFiles(
  { db }: SearchDeps,
  store_id: string,
  filter: SearchFilter | null,
): Promise<number[] | null> {
  if (filter === null) return null;
  const matching: number[] = [];
  for (const { seq, attributes } of await searchedFiles(db, store_id)) {
    await yieldIfOthersWait();
    if (matchesFilter(filter, decode<Attributes>(attributes))) matching.push(seq);
  }
  return matching;
}

async function searchStore(
  deps: SearchDeps,
  query: { readonly text: string; readonly vector: Float32Array | null },
  { scope, weights }: { readonly scope: SearchScope; readonly weights: FusionWeights | undefined },
): Promise<RankedChunk[]> {
  const words = await searchLexically(deps.db, query.text, scope);
  const { embeddings } = deps;
  if (embeddings === undefined || embeddings === null || query.vector === null) return words;
  const vectors = await searchVectors(deps.db, embeddings.key, query.vector, scope);
  return vectors.length === 0 ? words : fuseRankings(words, vectors, weights);
}

/** The vector of each query; null where there is none, then words decide. */
async function embedQueries(
  { embeddings }: SearchDeps,
  { queries, signal }: SearchRequest,
): Promise<readonly (Float32Array | null)[]> {
  const vectors = await embeddings?.embedQueries(queries, signal);
  return queries.map((_, index) => vectors?.[index] ?? null);
}

/** All chunks that match, with the best score of each, the best first. */
async function rank(deps: SearchDeps, request: SearchRequest): Promise<RankedChunk[]> {
  const { queries, filters, weights, signal } = request;
  const best = new Map<number, number>();
  const vectors = await embedQueries(deps, request);
  for (const vector_store_id of new Set(request.store_ids)) {
    if (!(await isUsable(deps, vector_store_id))) continue;
    const file_seqs = await filterFiles(deps, vector_store_id, filters);
    const scope = { vector_store_id, file_seqs, limit: candidateCount };
    for (const [index, text] of file_seqs?.length === 0 ? [] : queries.entries()) {
      signal?.throwIfAborted();
      const query = { text, vector: vectors[index] ?? null };
      for (const { id, score } of await searchStore(deps, query, {
        scope,
        weights,
      })) {
        best.set(id, Math.max(best.get(id) ?? 0, score));
      }
    }
    await touchStore(deps, vector_store_id);
  }
  return [...best]
    .map(([id, score]) => ({ id, score }))
    .toSorted((one, other) => other.score - one.score || one.id - other.id);
}

/**
 * Searches the files of stores for passages that answer the queries, the best first. Stores that do
 * not exist or have expired have none.
 */
export async function searchStores(
  deps: SearchDeps,
  request: SearchRequest,
): Promise<readonly SearchResult[]> {
  const { limit, scoreThreshold } = request;
  const ranked = (await rank(deps, request)).filter(({ score }) => score >= scoreThreshold);
  const candidates = ranked.slice(0, Math.max(limit, candidateCount));
  // Files may have been removed in the meantime, so more are read than are returned.
  const found = await readFoundChunks(
    deps.db,
    candidates.map(({ id }) => id),
  );
  return candidates
    .flatMap(({ id, score }) => {
      const chunk = found.get(id);
      if (chunk === undefined) return [];
      const { file_id, text, page, fileBody } = chunk;
      const body = fileBody === null ? null : decode<{ filename: string }>(fileBody);
      const attributes = decode<Attributes>(chunk.attributes);
      return [{ file_id, filename: body?.filename ?? file_id, score, attributes, text, page }];
    })
    .slice(0, limit);
}
