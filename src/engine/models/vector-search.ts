import type OpenAI from 'openai';
import { fieldOf } from '../../shared/json.ts';

/** A search of vector stores. */
export interface SearchRequest {
  readonly store_ids: readonly string[];
  readonly queries: readonly string[];
  /** From 1 to 50. */
  readonly limit: number;
  /** From 0 to 1; results with a lower score are left out. */
  readonly scoreThreshold: number;
  readonly signal?: AbortSignal;
}

/** A passage of a file. */
export interface SearchResult {
  readonly file_id: string;
  readonly filename: string;
  /** From 0 to 1. */
  readonly score: number;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  readonly text: string;
  readonly page: number | null;
}

/** The best results of several searches. */
export const mergeResults = (
  results: readonly (readonly SearchResult[])[],
  limit: number,
): SearchResult[] =>
  results
    .flat()
    .toSorted((one, other) => other.score - one.score)
    .slice(0, limit);

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

const partsText = (content: unknown): string =>
  Array.isArray(content)
    ? content.map((part) => textOf(fieldOf(part, 'text'))).join('\n')
    : textOf(content) || textOf(fieldOf(content, 'text'));

function toAttributes(value: unknown): SearchResult['attributes'] {
  const entries = Object.entries(Object(value)).flatMap(([name, attribute]) =>
    typeof attribute === 'string' || typeof attribute === 'number' || typeof attribute === 'boolean'
      ? [[name, attribute] as const]
      : [],
  );
  return Object.fromEntries(entries);
}

/** A result as servers send it: some omit the name, the score or the attributes. */
function toResult(value: unknown): SearchResult[] {
  const [file_id, text] = [textOf(fieldOf(value, 'file_id')), partsText(fieldOf(value, 'content'))];
  if (file_id === '' || text === '') return [];
  const score = Number(fieldOf(value, 'score'));
  return [
    {
      file_id,
      filename: textOf(fieldOf(value, 'filename')) || file_id,
      // Other servers have other scales.
      score: Number.isFinite(score) ? Math.min(1, Math.max(0, score)) : 0,
      attributes: toAttributes(fieldOf(value, 'attributes')),
      text,
      page: null,
    },
  ];
}

async function searchStore(
  { vectorStores }: OpenAI,
  store_id: string,
  { queries, limit, scoreThreshold, signal }: SearchRequest,
): Promise<SearchResult[]> {
  const [only = ''] = queries;
  const body = {
    query: queries.length > 1 ? [...queries] : only,
    max_num_results: limit,
    ...(scoreThreshold > 0 && { ranking_options: { score_threshold: scoreThreshold } }),
  };
  const page: unknown = await vectorStores.search(store_id, body, signal ? { signal } : {});
  const data = fieldOf(page, 'data');
  const results = (Array.isArray(data) ? data : []).flatMap(toResult);
  return results.filter(({ score }) => score >= scoreThreshold);
}

/** Searches vector stores of the endpoint, best first. Throws errors of the SDK. */
export async function searchEndpoint(
  client: OpenAI,
  request: SearchRequest,
): Promise<readonly SearchResult[]> {
  const { store_ids, limit } = request;
  const searches = store_ids.map((id) => searchStore(client, id, request));
  return mergeResults(await Promise.all(searches), limit);
}
