import { fileChunks } from '../store/chunks.ts';
import { findOverlaps } from '../store/vector-store-files.ts';
import type { Database } from '../store/schema.ts';
import type { StoreFileRow } from '../store/vector-store-files.ts';

/** The text of a file that was read: of each chunk what the one before does not have. */
async function* fileTexts(db: Database, row: StoreFileRow): AsyncGenerator<string> {
  const overlaps = await findOverlaps(db, row);
  for await (const { position, text } of fileChunks(db, row.vector_store_id, row.file_id)) {
    yield text.slice(overlaps[position] ?? 0);
  }
}

/** The API's page with the text of a file, in parts. */
export async function* contentPage(db: Database, row: StoreFileRow): AsyncGenerator<string> {
  yield '{"object":"vector_store.file_content.page","data":[';
  let separator = '';
  for await (const text of fileTexts(db, row)) {
    yield separator + JSON.stringify({ type: 'text', text });
    separator = ',';
  }
  yield '],"has_more":false,"next_page":null}';
}
