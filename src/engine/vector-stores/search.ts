import { type Clock, yieldIfOthersWait } from '../../shared/clock.ts';
import type { Log } from '../../shared/log.ts';
import type { Embeddings } from '../models/embeddings.ts';
import type { SearchRequest, SearchResult } from '../models/vector-search.ts';
import { readFoundChunks, searchedFiles } from '../store/chunk-search.ts';
import { decode, type Database } from '../store/schema.ts';
import type { Attributes } from '../store/vector-store-files.ts';
import { matchesFilter, type SearchFilter } from './filters.ts';
import { byScore, type RankedChunk, searchLexically, type SearchScope } from './lexical-search.ts';
import { fuseRankings, type FusionWeights } from './rank-fusion.ts';
import { isUsable, touchStore } from './stores.ts';
import { searchVectors } from './vector-search.ts';

/** What searching needs. */
export interface SearchDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  /** Absent or null: chunks are found by their words alone. */
  readonly embeddings?: Embeddings | null;
}

/** A search of stores in this database; a chunk has the score of the query that it matches best. */
export interface LocalSearchRequest extends SearchRequest {
  readonly filters?: SearchFilter | null;
  /** Where there are vectors, how much the two rankings count; equally by default. */
  readonly weights?: FusionWeights;
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

/** The chunks of a store that match each query, best first. */
async function* searchStore(
  { db, embeddings = null }: SearchDeps,
  { queries, weights, signal }: LocalSearchRequest,
  vectors: readonly (Float32Array | null)[],
  scope: SearchScope,
): AsyncGenerator<readonly RankedChunk[]> {
  signal?.throwIfAborted();
  const similar = embeddings && (await searchVectors(db, embeddings.key, vectors, scope));
  for (const [index, query] of queries.entries()) {
    signal?.throwIfAborted();
    const words = await searchLexically(db, query, scope);
    const alike = similar?.[index] ?? [];
    yield alike.length === 0 ? words : fuseRankings(words, alike, weights);
  }
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
async function rank(deps: SearchDeps, request: LocalSearchRequest): Promise<RankedChunk[]> {
  const best = new Map<number, number>();
  const vectors = await embedQueries(deps, request);
  for (const vector_store_id of new Set(request.store_ids)) {
    if (!(await isUsable(deps, vector_store_id))) continue;
    const file_seqs = await filterFiles(deps, vector_store_id, request.filters ?? null);
    const scope = { vector_store_id, file_seqs, limit: candidateCount };
    const rankings = file_seqs?.length === 0 ? [] : searchStore(deps, request, vectors, scope);
    for await (const ranking of rankings) {
      for (const { id, score } of ranking) best.set(id, Math.max(best.get(id) ?? 0, score));
    }
    await touchStore(deps, vector_store_id);
  }
  return [...best].map(([id, score]) => ({ id, score })).toSorted(byScore);
}

/**
 * Searches the files of stores for passages that answer the queries, the best first. Stores that do
 * not exist or have expired have none.
 */
export async function searchStores(
  deps: SearchDeps,
  request: LocalSearchRequest,
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
