import { type Context, Hono } from 'hono';
import { unixSeconds } from '../../shared/clock.ts';
import { createVectorStore, modifyVectorStore } from '../../schema/vector-store.ts';
import { listResponse, listSchema } from '../http/pagination.ts';
import { parseBody, parseQuery } from '../http/request.ts';
import type { EngineDeps } from '../options.ts';
import type { Database } from '../store/schema.ts';
import { transact } from '../store/transaction.ts';
import { storeTotals } from '../store/vector-store-files.ts';
import {
  listVectorStores,
  toVectorStore,
  updateVectorStore,
  vectorStoreBody,
  vectorStoreCursor,
  type VectorStoreRow,
} from '../store/vector-stores.ts';
import { deleteStore, insertStore } from '../vector-stores/stores.ts';
import { answerOnce, changeOnce } from './idempotency.ts';
import { parseBetweenChecks, vectorStoreFromPath } from './path-objects.ts';

/** The API's object for a store, with the counts of its files. */
async function storeObject(db: Database, row: VectorStoreRow, now: number) {
  const totals = await storeTotals(db, [row.id]);
  return toVectorStore(row, totals(row.id), now);
}

function createRoute(deps: EngineDeps) {
  return answerOnce(deps, async (context, key) => {
    const fields = await parseBody(context, createVectorStore);
    const object = await transact(deps.db, (db) =>
      changeOnce(
        db,
        key,
        async () => {
          const row = await insertStore(db, deps, fields);
          return storeObject(db, row, unixSeconds(deps.clock));
        },
        (store) => ({ object: store, thread_id: null }),
      ),
    );
    deps.wakeIngestion();
    return context.json(object);
  });
}

async function modify({ db, clock }: EngineDeps, context: Context): Promise<Response> {
  const [, fields] = await parseBetweenChecks(vectorStoreFromPath(db, context), () =>
    parseBody(context, modifyVectorStore),
  );
  const row = await transact(db, async (transaction) => {
    const store = await vectorStoreFromPath(transaction, context);
    const body = vectorStoreBody(store);
    if (fields.name !== undefined) body.name = fields.name ?? '';
    if (fields.description !== undefined) body.description = fields.description;
    if (fields.metadata !== undefined) body.metadata = fields.metadata ?? {};
    if (fields.expires_after !== undefined) body.expires_after = fields.expires_after;
    return updateVectorStore(transaction, store, body);
  });
  return context.json(await storeObject(db, row, unixSeconds(clock)));
}

async function list({ db, clock }: EngineDeps, context: Context): Promise<Response> {
  const now = unixSeconds(clock);
  let totals = await storeTotals(db, []);
  return listResponse(parseQuery(context, listSchema), {
    kind: 'vector store',
    findCursor: (id) => vectorStoreCursor(db, id),
    read: async (page) => {
      const found = await listVectorStores(db, page);
      const ids = found.rows.map(({ id }) => id);
      totals = await storeTotals(db, ids);
      return found;
    },
    toObject: (row) => toVectorStore(row, totals(row.id), now),
  });
}

/** `/vector_stores` for the stores of this database. */
export function vectorStoreRoutes(deps: EngineDeps): Hono {
  const { db, clock } = deps;
  const routes = new Hono();
  routes.get('/', (context) => list(deps, context));
  routes.post('/', createRoute(deps));
  routes.get('/:vector_store_id', async (context) => {
    const row = await vectorStoreFromPath(db, context);
    return context.json(await storeObject(db, row, unixSeconds(clock)));
  });
  routes.post('/:vector_store_id', (context) => modify(deps, context));
  routes.delete('/:vector_store_id', async (context) => {
    const { id } = await vectorStoreFromPath(db, context);
    await deleteStore(deps, id);
    return context.json({ id, object: 'vector_store.deleted', deleted: true });
  });
  return routes;
}
