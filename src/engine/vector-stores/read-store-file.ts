import { errorMessage } from '../../shared/errors.ts';
import type { Log } from '../../shared/log.ts';
import { ChunksReplaced, replaceChunks } from '../store/chunks.ts';
import { ContentDeleted } from '../store/file-contents.ts';
import { fileBody, findFile, readContent } from '../store/files.ts';
import { finishFile, hasLease, type ReadingResult } from '../store/reading-leases.ts';
import type { Database } from '../store/schema.ts';
import { transact } from '../store/transaction.ts';
import { type StoreFileRow, storeFileBody } from '../store/vector-store-files.ts';
import { ExtractionError, notParsed } from './extract/extraction-error.ts';
import type { Extractor } from './extract/extractor.ts';
import { deleteUnusedOf } from './unused-chunks.ts';

/** A leased file and what reads it. */
interface Job {
  readonly db: Database;
  readonly log: Log;
  readonly extractor: Extractor;
  readonly row: StoreFileRow;
  /** Aborts when the lease is lost, and when this process stops. */
  readonly signal: AbortSignal;
}

/** The file has another lease, or was removed from the store. */
class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
}

/**
 * A file whose reading was interrupted so often is not tried again. Parsers cannot stop this process,
 * so it is hardly ever the file's fault.
 */
export const maxAttempts = 100;

const gone = (): ExtractionError => notParsed('it was deleted');

const isGone = (error: unknown): boolean => error instanceof ContentDeleted;

/** Stores the file's chunks as they come; resolves to what is noted of them. */
async function storeChunks({ db, extractor, row, signal }: Job) {
  const file = await findFile(db, row.file_id);
  if (file === undefined) throw gone();
  const { filename, bytes } = fileBody(file);
  const { chunking } = storeFileBody(row);
  const header = { filename, bytes, chunking, content: readContent(db, file.id) };
  const overlaps: number[] = [];
  let usage_bytes = 0;
  async function* batches() {
    for await (const chunks of extractor.extract(header, signal)) {
      signal.throwIfAborted();
      if (!(await hasLease(db, row))) throw new LeaseLost();
      yield chunks.map(({ page, text, overlap }) => {
        overlaps.push(overlap);
        usage_bytes += Buffer.byteLength(text);
        return { position: overlaps.length - 1, page, text };
      });
    }
  }
  await replaceChunks(db, row.vector_store_id, row.file_id, batches());
  return { overlaps, usage_bytes };
}

/** Reads the file; a file that cannot be read is a result too. */
async function readFile(job: Job): Promise<ReadingResult> {
  try {
    if (job.row.attempts > maxAttempts) {
      const message = `The file could not be parsed: reading it was interrupted ${maxAttempts} times.`;
      throw new ExtractionError('server_error', message);
    }
    return { status: 'completed', last_error: null, ...(await storeChunks(job)) };
  } catch (error) {
    job.signal.throwIfAborted();
    const reason = isGone(error) ? gone() : error;
    if (!(reason instanceof ExtractionError)) throw error;
    const { code, message } = reason;
    return { status: 'failed', last_error: { code, message }, usage_bytes: 0, overlaps: null };
  }
}

const deleteUnused = ({ db, row }: Job): Promise<void> =>
  deleteUnusedOf(db, row.vector_store_id, row.file_id);

/** Stores how the reading ended. */
async function finish({ db, log, row }: Job, result: ReadingResult): Promise<void> {
  const { vector_store_id, file_id } = row;
  const isFinished = await transact(db, async (transaction) => {
    if (!(await hasLease(transaction, row))) return false;
    await finishFile(transaction, row, result);
    return true;
  });
  if (!isFinished) throw new LeaseLost();
  const error = result.last_error?.message;
  log.info('file read', { vector_store_id, file_id, status: result.status, error });
}

/**
 * Reads a leased file of a vector store, and stores its chunks and how it ended. Rejects when the
 * signal aborts, and when the database fails; then the file is still to be read.
 */
export async function readStoreFile(job: Job): Promise<void> {
  try {
    const result = await readFile(job);
    await finish(job, result);
    if (result.status === 'failed') await deleteUnused(job);
  } catch (error) {
    const isLost = error instanceof LeaseLost || error instanceof ChunksReplaced;
    if (isLost || job.signal.aborted) await deleteUnused(job);
    if (!isLost) throw error;
    const fields = { file_id: job.row.file_id, reason: errorMessage(error) };
    job.log.debug('file not read: its lease is lost', fields);
  }
}
