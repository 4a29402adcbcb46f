import type { Database } from '../../src/engine/store/open.ts';
import type { RankedChunk } from '../../src/engine/vector-stores/lexical-search.ts';

/** The texts of found chunks, in their order. */
export async function readFoundTexts(
  db: Database,
  found: readonly RankedChunk[],
): Promise<string[]> {
  const rows = await db
    .selectFrom('chunks')
    .select(['id', 'text'])
    .where('id', 'in', [-1, ...found.map(({ id }) => id)])
    .execute();
  const texts = new Map(rows.map(({ id, text }) => [id, text]));
  return found.map(({ id }) => texts.get(id) ?? '');
}
