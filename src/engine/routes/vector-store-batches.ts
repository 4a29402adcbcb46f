import { type Context, Hono } from 'hono';
import {
  type CreateFileBatch,
  createFileBatch,
  storeFilesQuery,
} from '../../schema/vector-store.ts';
import { errors } from '../http/errors.ts';
import { listResponse } from '../http/pagination.ts';
import { parseBody, parseQuery } from '../http/request.ts';
import type { EngineDeps } from '../options.ts';
import type { Database } from '../store/schema.ts';
import { transact } from '../store/transaction.ts';
import {
  batchTotals,
  cancelFileBatch,
  type FileBatchRow,
  listStoreFiles,
  storeFileCursor,
  toFileBatch,
  toStoreFile,
} from '../store/vector-store-files.ts';
import { addToStore, type FileToAdd } from '../vector-stores/stores.ts';
import { answerOnce, changeOnce } from './idempotency.ts';
import { fileBatchFromPath, parseBetweenChecks, vectorStoreFromPath } from './path-objects.ts';
import { pollHeaders } from './vector-store-files.ts';

const batchObject = async (db: Database, row: FileBatchRow) =>
  toFileBatch(row, await batchTotals(db, row.id));

/** The files of a batch: either ids that share their settings, or files with their own. */
function filesOf({ file_ids, files, ...shared }: CreateFileBatch): readonly FileToAdd[] {
  if (file_ids !== undefined && files !== undefined) {
    throw errors.mutuallyExclusive('files', ['file_ids', 'files']);
  }
  if (files !== undefined) {
    const [setting] = Object.keys(shared);
    if (setting === undefined) return files;
    throw errors.mutuallyExclusive(setting, ['files', setting]);
  }
  if (file_ids === undefined) throw errors.missingParameter('file_ids');
  return file_ids.map((file_id) => ({ file_id, ...shared }));
}

function createRoute(deps: EngineDeps) {
  return answerOnce(deps, async (context, key) => {
    const [{ id }, fields] = await parseBetweenChecks(vectorStoreFromPath(deps.db, context), () =>
      parseBody(context, createFileBatch),
    );
    const files = filesOf(fields);
    const path = (index: number) =>
      fields.files === undefined ? `file_ids[${index}]` : `files[${index}].file_id`;
    const object = await transact(deps.db, (db) =>
      changeOnce(
        db,
        key,
        async () => {
          const batch = await addToStore(db, deps, { id, files, isBatch: true, path });
          if (batch === null) throw errors.internal();
          return batchObject(db, batch);
        },
        (batch) => ({ object: batch, thread_id: null }),
      ),
    );
    deps.wakeIngestion();
    return context.json(object, 200, pollHeaders);
  });
}

async function cancel({ db }: EngineDeps, context: Context): Promise<Response> {
  const object = await transact(db, async (transaction) => {
    const batch = await fileBatchFromPath(transaction, context);
    const { status } = await batchObject(transaction, batch);
    if (status !== 'in_progress') throw errors.cannotCancelBatch(status);
    return batchObject(transaction, await cancelFileBatch(transaction, batch.id));
  });
  return context.json(object, 200, pollHeaders);
}

async function listFiles({ db }: EngineDeps, context: Context): Promise<Response> {
  const { id: batch_id, vector_store_id } = await fileBatchFromPath(db, context);
  const { filter: status, ...query } = parseQuery(context, storeFilesQuery);
  return listResponse(query, {
    kind: 'file',
    findCursor: (id) => storeFileCursor(db, vector_store_id, id),
    read: (page) => listStoreFiles(db, { vector_store_id, batch_id, status }, page),
    toObject: toStoreFile,
  });
}

/** `/vector_stores/{vector_store_id}/file_batches`. */
export function vectorStoreBatchRoutes(deps: EngineDeps): Hono {
  const { db } = deps;
  const routes = new Hono();
  routes.post('/', createRoute(deps));
  routes.get('/:batch_id', async (context) =>
    context.json(await batchObject(db, await fileBatchFromPath(db, context)), 200, pollHeaders),
  );
  routes.post('/:batch_id/cancel', (context) => cancel(deps, context));
  routes.get('/:batch_id/files', (context) => listFiles(deps, context));
  return routes;
}
