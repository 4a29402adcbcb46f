import { Hono } from 'hono';
import { seconds } from '../../shared/clock.ts';
import { type CreateThread, createThread, modifyThread } from '../../schema/thread.ts';
import { pathThread, withBody } from './path-objects.ts';
import { answerList } from '../http/pagination.ts';
import { parseBody } from '../http/request.ts';
import type { EngineParts } from '../options.ts';
import { threadDeleted } from '../events/fault.ts';
import type { RunWorker } from '../runs/worker.ts';
import { findLiveRun } from '../store/runs.ts';
import type { Database } from '../store/schema.ts';
import { transact } from '../store/transaction.ts';
import {
  deleteThread,
  insertThread,
  listThreads,
  placeOfThread,
  threadBody,
  type ThreadRow,
  toThread,
  updateThread,
} from '../store/threads.ts';
import { withErrands } from './upstream-lookups.ts';
import { addMessages, type Making } from './messages.ts';
import { makeToolResources, modifyToolResources, threadStoreLife } from './tool-resources.ts';

/** Makes a thread with its first messages, within the caller's transaction; `path` leads to its fields. */
export async function addThread(
  db: Database,
  { messages = [], tool_resources, metadata }: CreateThread,
  making: Making,
  path = '',
): Promise<ThreadRow> {
  const { clock, ids, errands } = making;
  const place = `${path}tool_resources`;
  const thread = await insertThread(db, ids.object('thread_'), seconds(clock), {
    metadata: metadata ?? {},
    tool_resources: makeToolResources(tool_resources, errands, place, threadStoreLife),
  });
  return (await addMessages(db, thread, messages, making)).thread;
}

/** `/threads` (contract §4.2), and the list of threads, which upstream never offered. */
export function threadRoutes(options: EngineParts, worker: RunWorker): Hono {
  const { db } = options;
  const routes = new Hono();

  routes.get('/', (context) =>
    answerList(context, {
      kind: 'thread',
      find: (id) => placeOfThread(db, id),
      read: (page) => listThreads(db, page),
      toObject: toThread,
    }),
  );

  routes.post('/', async (context) => {
    const fields = await parseBody(context, createThread);
    const row = await withErrands(options, (errands) =>
      transact(db, (transaction) => addThread(transaction, fields, { ...options, errands })),
    );
    return context.json(toThread(row));
  });

  routes.get('/:thread_id', async (context) =>
    context.json(toThread(await pathThread(db, context))),
  );

  routes.post('/:thread_id', async (context) => {
    const [, fields] = await withBody(pathThread(db, context), () =>
      parseBody(context, modifyThread),
    );
    const row = await transact(db, async (transaction) => {
      const thread = await pathThread(transaction, context);
      const body = threadBody(thread);
      if (fields.metadata !== undefined) body.metadata = fields.metadata ?? {};
      body.tool_resources = modifyToolResources(body.tool_resources, fields.tool_resources);
      return updateThread(transaction, thread.id, body);
    });
    return context.json(toThread(row));
  });

  routes.delete('/:thread_id', async (context) => {
    const [id, live] = await options.events.change(db, async (transaction, tell) => {
      const thread = await pathThread(transaction, context);
      const run = await findLiveRun(transaction, thread.id);
      if (run !== undefined) tell(run.id, threadDeleted);
      await deleteThread(transaction, thread.id);
      return [thread.id, run];
    });
    if (live !== undefined) worker.interrupt(live.id, 'lost');
    return context.json({ id, object: 'thread.deleted', deleted: true });
  });

  return routes;
}
