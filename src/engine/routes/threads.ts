import { Hono } from 'hono';
import { unixSeconds } from '../../shared/clock.ts';
import {
  type CreateThread,
  createThreadBody,
  listThreadsQuery,
  modifyThread,
} from '../../schema/thread.ts';
import { threadFromPath, parseBetweenChecks } from './path-objects.ts';
import { parseBody, parseQuery } from '../http/request.ts';
import type { EngineDeps } from '../options.ts';
import { threadDeleted } from '../events/event-bus.ts';
import type { RunWorker } from '../runs/worker.ts';
import { queueNotification } from '../store/notifications.ts';
import { findActiveRun } from '../store/runs.ts';
import type { Database, ThreadRow, ToolResources } from '../store/schema.ts';
import { transact } from '../store/transaction.ts';
import {
  deleteThread,
  insertThread,
  threadBody,
  toThread,
  updateThread,
} from '../store/threads.ts';
import { answerOnce, changeOnce } from './idempotency.ts';
import { listThreadsRoute } from './list-threads.ts';
import { type UpstreamStores, withUpstreamLookups } from './upstream-lookups.ts';
import { attachFileIds, type NewMessageFields } from './v1-files.ts';
import { type CreateDeps, addMessages } from './messages.ts';
import {
  addAttachments,
  createToolResources,
  modifyToolResources,
  prepareAttachments,
  threadStoreExpiry,
} from './tool-resources.ts';

/** A new thread whose messages' files all belong to tools. */
type NewThreadFields = Omit<CreateThread, 'messages'> & {
  readonly messages?: readonly NewMessageFields[];
};

/** The resources of a new thread and its first messages; `path` leads to the thread's fields. */
export async function prepareThread(
  { messages = [], tool_resources }: NewThreadFields,
  stores: UpstreamStores,
  path = '',
): Promise<ToolResources> {
  const resources = await createToolResources(
    tool_resources,
    stores,
    `${path}tool_resources`,
    threadStoreExpiry,
  );
  return addAttachments(
    resources,
    messages,
    await prepareAttachments(messages, stores, async () => resources),
  );
}

/** Adds a thread with its first messages, in the caller's transaction. */
export async function addThread(
  db: Database,
  { messages = [], metadata }: NewThreadFields,
  tool_resources: ToolResources,
  deps: CreateDeps,
): Promise<ThreadRow> {
  const thread = await insertThread(db, deps.ids.newId('thread_'), unixSeconds(deps.clock), {
    metadata: metadata ?? {},
    tool_resources,
  });
  await addMessages(db, thread.id, messages, deps);
  return thread;
}

function createThreadRoute(deps: EngineDeps) {
  return answerOnce(deps, async (context, key) => {
    const { messages = [], ...body } = await parseBody(context, createThreadBody);
    const fields = { ...body, messages: messages.map((message) => attachFileIds(message)) };
    const row = await withUpstreamLookups(
      deps,
      (stores) => prepareThread(fields, stores),
      (resources) =>
        transact(deps.db, (db) =>
          changeOnce(
            db,
            key,
            () => addThread(db, fields, resources, deps),
            (thread) => ({ object: toThread(thread), thread_id: null }),
          ),
        ),
    );
    return context.json(toThread(row));
  });
}

/** `/threads` (contract §4.2), and the list of threads, which upstream never offered. */
export function threadRoutes(deps: EngineDeps, worker: RunWorker): Hono {
  const { db } = deps;
  const routes = new Hono();

  routes.get('/', (context) => listThreadsRoute(db, parseQuery(context, listThreadsQuery)));

  routes.post('/', createThreadRoute(deps));

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
    const [id, activeRun] = await deps.events.transactAndPublish(db, async (transaction, emit) => {
      const thread = await threadFromPath(transaction, context);
      const run = await findActiveRun(transaction, thread.id);
      if (run !== undefined) {
        emit(run.id, threadDeleted);
        queueNotification(transaction, { ...run, status: 'cancelling' });
      }
      await deleteThread(transaction, thread.id);
      return [thread.id, run];
    });
    if (activeRun !== undefined) worker.interrupt(activeRun.id, 'lost');
    return context.json({ id, object: 'thread.deleted', deleted: true });
  });

  return routes;
}
