import { deleteHidden, hideChunks } from '../store/chunks.ts';
import type { Database } from '../store/schema.ts';
import { transact } from '../store/transaction.ts';
import { findStoreFile } from '../store/vector-store-files.ts';
import { findVectorStore } from '../store/vector-stores.ts';

/** Whether a file has chunks, or gets them: it is in a store that has not expired, and was not refused. */
async function mayHaveChunks(db: Database, store_id: string, file_id: string): Promise<boolean> {
  const status = (await findStoreFile(db, store_id, file_id))?.status;
  if (status !== 'in_progress' && status !== 'completed') return false;
  return (await findVectorStore(db, store_id))?.is_cleared !== 1;
}

/**
 * Deletes the chunks of a file that should have none: it was removed from its store, failed or was
 * cancelled, or the store has expired.
 */
export async function deleteUnusedOf(
  db: Database,
  store_id: string,
  file_id: string,
): Promise<void> {
  const hidden = await transact(db, async (transaction) =>
    (await mayHaveChunks(transaction, store_id, file_id))
      ? []
      : hideChunks(transaction, store_id, file_id),
  );
  await deleteHidden(db, hidden);
}
