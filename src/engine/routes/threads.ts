import { Hono } from 'hono';
import { unixSeconds } from '../../shared/clock.ts';
import { type CreateThread, createThread, modifyThread } from '../../schema/thread.ts';
import { threadFromPath, parseBetweenChecks } from './path-objects.ts';
import { listResponse } from '../http/pagination.ts';
import { parseBody } from '../http/request.ts';
import type { EngineDeps } from '../options.ts';
import { threadDeleted } from '../events/event-bus.ts';
import type { RunWorker } from '../runs/worker.ts';
import { findActiveRun } from '../store/runs.ts';
import type { Database } from '../store/schema.ts';
import { transact } from '../store/transaction.ts';
import {
  deleteThread,
  insertThread,
  listThreads,
  threadCursor,
  threadBody,
  toThread,
  updateThread,
} from '../store/threads.ts';
import { type ThreadRow } from '../store/schema.ts';
import { withUpstreamLookups } from './upstream-lookups.ts';
import { addMessages, type CreateDeps } from './messages.ts';
import { createToolResources, modifyToolResources, threadStoreExpiry } from './tool-resources.ts';

/** Makes a thread with its first messages, within the caller's transaction; `path` leads to its fields. */
export async function addThread(
  db: Database,
  { messages = [], tool_resources, metadata }: CreateThread,
  making: CreateDeps,
  path = '',
): Promise<ThreadRow> {
  const { clock, ids, lookups } = making;
  const place = `${path}tool_resources`;
  const thread = await insertThread(db, ids.newId('thread_'), unixSeconds(clock), {
    metadata: metadata ?? {},
    tool_resources: createToolResources(tool_resources, lookups, place, threadStoreExpiry),
  });
  return (await addMessages(db, thread, messages, making)).thread;
}

/** `/threads` (contract §4.2), and the list of threads, which upstream never offered. */
export function threadRoutes(options: EngineDeps, worker: RunWorker): Hono {
  const { db } = options;
  const routes = new Hono();

  routes.get('/', (context) =>
    listResponse(context, {
      kind: 'thread',
      find: (id) => threadCursor(db, id),
      read: (page) => listThreads(db, page),
      toObject: toThread,
    }),
  );

  routes.post('/', async (context) => {
    const fields = await parseBody(context, createThread);
    const row = await withUpstreamLookups(options, (lookups) =>
      transact(db, (transaction) => addThread(transaction, fields, { ...options, lookups })),
    );
    return context.json(toThread(row));
  });

  routes.get('/:thread_id', async (context) =>
    context.json(toThread(await threadFromPath(db, context))),
  );

  routes.post('/:thread_id', async (context) => {
    const [, fields] = await parseBetweenChecks(threadFromPath(db, context), () =>
      parseBody(context, modifyThread),
    );
    const row = await transact(db, async (transaction) => {
      const thread = await threadFromPath(transaction, context);
      const body = threadBody(thread);
      if (fields.metadata !== undefined) body.metadata = fields.metadata ?? {};
      body.tool_resources = modifyToolResources(body.tool_resources, fields.tool_resources);
      return updateThread(transaction, thread.id, body);
    });
    return context.json(toThread(row));
  });

  routes.delete('/:thread_id', async (context) => {
    const [id, live] = await options.events.transactAndPublish(db, async (transaction, emit) => {
      const thread = await threadFromPath(transaction, context);
      const run = await findActiveRun(transaction, thread.id);
      if (run !== undefined) emit(run.id, threadDeleted);
      await deleteThread(transaction, thread.id);
      return [thread.id, run];
    });
    if (live !== undefined) worker.interrupt(live.id, 'lost');
    return context.json({ id, object: 'thread.deleted', deleted: true });
  });

  return routes;
}
