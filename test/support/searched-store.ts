import { insertFile } from '../../src/engine/store/files.ts';
import { replaceChunks } from '../../src/engine/store/chunks.ts';
import type { Database } from '../../src/engine/store/schema.ts';
import { addStoreFiles, type Attributes } from '../../src/engine/store/vector-store-files.ts';
import { insertVectorStore } from '../../src/engine/store/vector-stores.ts';
import { now } from './store-rows.ts';

const chunking = { max_chunk_size_tokens: 800, chunk_overlap_tokens: 400 };

/** Adds a vector store. */
export const addVectorStore = (db: Database, id: string, days: number | null = null) =>
  insertVectorStore(
    db,
    id,
    { created_at: now.seconds, last_active_at: now.seconds },
    {
      name: id,
      description: null,
      metadata: {},
      expires_after: days === null ? null : { anchor: 'last_active_at', days },
    },
  );

/** Adds a file to a store, with one chunk for each text. */
export async function addDocument(
  db: Database,
  store: string,
  file: string,
  texts: readonly string[],
  attributes: Attributes = {},
): Promise<void> {
  await insertFile(db, {
    id: file,
    created_at: now.seconds,
    thread_id: null,
    run_id: null,
    body: { filename: `${file}.md`, media_type: null, bytes: 0, is_uploaded: false },
    content: new Uint8Array(),
  });
  await addStoreFiles(db, { vector_store_id: store, batch_id: null }, now.seconds, [
    { file_id: file, attributes, chunking },
  ]);
  await replaceChunks(db, store, file, [
    texts.map((text, position) => ({ position, page: null, text })),
  ]);
  await db
    .updateTable('vector_store_files')
    .set({ status: 'completed' })
    .where('file_id', '=', file)
    .execute();
}
