import * as z from 'zod';
import type { StoredFile } from './upstream-files.ts';

/** Body of `POST /vector_stores/{id}/search`. */
export const newSearch = z.strictObject({
  query: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]),
  max_num_results: z.int().min(1).max(50).optional(),
  ranking_options: z.strictObject({ score_threshold: z.number().min(0).max(1) }).optional(),
});

const wordsOf = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

/** The passages of the files, which blank lines separate, that have words of the query; best first. */
export async function searchStore(
  files: readonly StoredFile[],
  { query, max_num_results = 10, ranking_options }: z.infer<typeof newSearch>,
) {
  const asked = new Set([query].flat().flatMap(wordsOf));
  const passages = await Promise.all(
    files.map(async ({ id, filename, content }) =>
      (await content.text()).split(/\n\n+/u).map((text) => {
        const found = new Set(wordsOf(text).filter((word) => asked.has(word)));
        const score = asked.size === 0 ? 0 : found.size / asked.size;
        const attributes = { language: 'en' };
        return { file_id: id, filename, score, attributes, content: [{ type: 'text', text }] };
      }),
    ),
  );
  const data = passages
    .flat()
    .filter(({ score }) => score > 0 && score >= (ranking_options?.score_threshold ?? 0))
    .toSorted((one, other) => other.score - one.score)
    .slice(0, max_num_results);
  return {
    object: 'vector_store.search_results.page',
    search_query: [query].flat(),
    data,
    has_more: false,
    next_page: null,
  };
}
