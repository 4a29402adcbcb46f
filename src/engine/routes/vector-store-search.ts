import type { Context } from 'hono';
import { unixSeconds } from '../../shared/clock.ts';
import { searchVectorStore } from '../../schema/vector-store-search.ts';
import { parseBody } from '../http/request.ts';
import type { SearchResult } from '../models/vector-search.ts';
import { requireUsableStore } from '../vector-stores/stores.ts';
import { type SearchDeps, searchStores } from '../vector-stores/search.ts';
import { parseBetweenChecks, vectorStoreFromPath } from './path-objects.ts';

const defaultLimit = 10;

const toSearchResult = ({ file_id, filename, score, attributes, text }: SearchResult) => ({
  file_id,
  filename,
  score,
  attributes,
  content: [{ type: 'text', text }],
});

/**
 * `POST /vector_stores/{vector_store_id}/search`. `rewrite_query` and the ranker's name change
 * nothing: `search_query` of the answer has the queries as they were sent.
 */
export const searchVectorStoreRoute =
  (deps: SearchDeps) =>
  async (context: Context): Promise<Response> => {
    const [{ id }, fields] = await parseBetweenChecks(vectorStoreFromPath(deps.db, context), () =>
      parseBody(context, searchVectorStore),
    );
    await requireUsableStore(deps.db, id, unixSeconds(deps.clock));
    const { query, filters = null, max_num_results, ranking_options } = fields;
    const queries = typeof query === 'string' ? [query] : query;
    const hybrid = ranking_options?.hybrid_search ?? null;
    const results = await searchStores(deps, {
      store_ids: [id],
      queries,
      limit: max_num_results ?? defaultLimit,
      filters,
      scoreThreshold: ranking_options?.score_threshold ?? 0,
      ...(hybrid !== null && {
        weights: { words: hybrid.text_weight, vectors: hybrid.embedding_weight },
      }),
      signal: context.req.raw.signal,
    });
    return context.json({
      object: 'vector_store.search_results.page',
      search_query: queries,
      data: results.map(toSearchResult),
      has_more: false,
      next_page: null,
    });
  };
