import { type Context, Hono } from 'hono';
import { unixSeconds } from '../../shared/clock.ts';
import { createStoreFile, storeFilesQuery, updateStoreFile } from '../../schema/vector-store.ts';
import { errors } from '../http/errors.ts';
import { listResponse, streamText } from '../http/pagination.ts';
import { parseBody, parseQuery } from '../http/request.ts';
import type { EngineDeps } from '../options.ts';
import { transact } from '../store/transaction.ts';
import {
  findStoreFile,
  listStoreFiles,
  storeFileCursor,
  toStoreFile,
  updateAttributes,
} from '../store/vector-store-files.ts';
import { contentPage } from '../vector-stores/file-content.ts';
import { addToStore, removeFile, requireUsableStore } from '../vector-stores/stores.ts';
import { answerOnce, changeOnce } from './idempotency.ts';
import { parseBetweenChecks, storeFileFromPath, vectorStoreFromPath } from './path-objects.ts';

/** The SDKs' polling helpers wait so long between two requests. */
export const pollHeaders = { 'openai-poll-after-ms': '500' };

/** Where the file's id is in a request. */
const inFileId = () => 'file_id';

function createRoute(deps: EngineDeps) {
  return answerOnce(deps, async (context, key) => {
    const [{ id }, file] = await parseBetweenChecks(vectorStoreFromPath(deps.db, context), () =>
      parseBody(context, createStoreFile),
    );
    const object = await transact(deps.db, (db) =>
      changeOnce(
        db,
        key,
        async () => {
          await addToStore(db, deps, { id, files: [file], isBatch: false, path: inFileId });
          const row = await findStoreFile(db, id, file.file_id);
          if (row === undefined) throw errors.storeFileNotFound(file.file_id, id);
          return toStoreFile(row);
        },
        (storeFile) => ({ object: storeFile, thread_id: null }),
      ),
    );
    deps.wakeIngestion();
    return context.json(object, 200, pollHeaders);
  });
}

async function list({ db }: EngineDeps, context: Context): Promise<Response> {
  const { id: vector_store_id } = await vectorStoreFromPath(db, context);
  const { filter: status, ...query } = parseQuery(context, storeFilesQuery);
  return listResponse(query, {
    kind: 'file',
    findCursor: (id) => storeFileCursor(db, vector_store_id, id),
    read: (page) => listStoreFiles(db, { vector_store_id, status }, page),
    toObject: toStoreFile,
  });
}

async function update({ db }: EngineDeps, context: Context): Promise<Response> {
  const [, { attributes }] = await parseBetweenChecks(storeFileFromPath(db, context), () =>
    parseBody(context, updateStoreFile),
  );
  const row = await transact(db, async (transaction) =>
    updateAttributes(transaction, await storeFileFromPath(transaction, context), attributes ?? {}),
  );
  return context.json(toStoreFile(row));
}

/** `/vector_stores/{vector_store_id}/files`. */
export function vectorStoreFileRoutes(deps: EngineDeps): Hono {
  const { db, clock } = deps;
  const routes = new Hono();
  routes.get('/', (context) => list(deps, context));
  routes.post('/', createRoute(deps));
  routes.get('/:file_id', async (context) =>
    context.json(toStoreFile(await storeFileFromPath(db, context)), 200, pollHeaders),
  );
  routes.post('/:file_id', (context) => update(deps, context));
  routes.delete('/:file_id', async (context) => {
    const { vector_store_id, file_id } = await storeFileFromPath(db, context);
    await removeFile(deps, vector_store_id, file_id);
    return context.json({ id: file_id, object: 'vector_store.file.deleted', deleted: true });
  });
  routes.get('/:file_id/content', async (context) => {
    const row = await storeFileFromPath(db, context);
    await requireUsableStore(db, row.vector_store_id, unixSeconds(clock));
    return streamText(contentPage(db, row));
  });
  return routes;
}
