import { type Context, Hono } from 'hono';
import { type Clock, unixSeconds } from '../../shared/clock.ts';
import { modifyMetadata } from '../../schema/message.ts';
import {
  createRunBody,
  createThreadAndRunBody,
  includeQuery,
  submitToolOutputsBody,
} from '../../schema/run.ts';
import { errors } from '../http/errors.ts';
import { runFromPath, threadFromPath, parseBetweenChecks } from './path-objects.ts';
import { listSchema, toList, toPageQuery } from '../http/pagination.ts';
import { parseBody, parseQuery } from '../http/request.ts';
import type { EngineDeps } from '../options.ts';
import { runSnapshot } from '../runs/end-run.ts';
import type { StreamEvent } from '../events/event-bus.ts';
import { threadDeleted } from '../events/event-bus.ts';
import { transition, isTerminal, nextStatus } from '../run-state-machine.ts';
import { EventDeduplicator } from '../events/event-deduplicator.ts';
import { replayRun, replaySteps } from '../events/event-replay.ts';
import type { WriteContext } from '../runs/step-writer.ts';
import type { RunWorker } from '../runs/worker.ts';
import { findRun, listRuns, toRun, updateRun, updateRunMetadata } from '../store/runs.ts';
import { type RunRow } from '../store/schema.ts';
import type { Database } from '../store/schema.ts';
import { toThread } from '../store/threads.ts';
import { transact } from '../store/transaction.ts';
import { createRun } from './create-run.ts';
import type { Include } from './run-steps.ts';
import { type UpstreamLookups, withUpstreamLookups } from './upstream-lookups.ts';
import { runStreamResponse } from './run-stream.ts';
import { addThread } from './threads.ts';
import { requireWaiting, submitOutputs } from './submit-tool-outputs.ts';

/** Milliseconds after which a caller had better look again: soon while a run moves, sooner a young one. */
function pollAfter({ status, created_at }: RunRow, clock: Clock): number {
  const isMoving = status === 'queued' || status === 'in_progress' || status === 'cancelling';
  if (!isMoving) return 1000;
  return clock.now() - created_at * 1000 < 3000 ? 20 : 50;
}

/** The run, and when to ask for it again: the SDKs' pollers go by it, and wait 5 s without. */
const answerRun = (run: RunRow, clock: Clock): Response =>
  Response.json(toRun(run), {
    headers: { 'openai-poll-after-ms': String(pollAfter(run, clock)) },
  });

/** All that there is to tell of a run, whoever did it. */
async function reloadEvents(db: Database, { thread_id, id }: RunRow): Promise<StreamEvent[]> {
  const run = await findRun(db, thread_id, id);
  return run === undefined ? [threadDeleted] : replayRun(db, run);
}

/** A request that sets a run going. */
interface StartRun {
  readonly run_id: string;
  readonly stream: boolean | null | undefined;
  /** What a stream need not emit, because it happened before. */
  readonly past?: () => Promise<StreamEvent[]>;
  readonly include?: Include | undefined;
}

/**
 * Makes a change that sets a run going and answers with the run, or, where the request says
 * `stream`, with all that happens from the change on: hence the subscription before it.
 */
async function startRun(
  deps: EngineDeps,
  worker: RunWorker,
  { run_id, stream, past, include }: StartRun,
  change: (
    writeContext: Pick<WriteContext, 'db' | 'emit'>,
    lookups: UpstreamLookups,
  ) => Promise<RunRow>,
): Promise<Response> {
  const { db, clock, events } = deps;
  const subscription = stream === true ? events.subscribe(run_id) : null;
  try {
    const deduplicator = new EventDeduplicator();
    if (subscription !== null)
      deduplicator.filter((await past?.()) ?? [], 'retold', unixSeconds(clock));
    const row = await withUpstreamLookups(deps, (lookups) =>
      worker.enqueueAndClaim((writeContext) => change(writeContext, lookups)),
    );
    if (subscription === null) return answerRun(row, clock);
    return runStreamResponse({
      subscription,
      deduplicator,
      look: () => reloadEvents(db, row),
      clock,
      include,
    });
  } catch (error) {
    subscription?.close();
    throw error;
  }
}

function cancelRoute(deps: EngineDeps, worker: RunWorker) {
  return async (context: Context) => {
    const row = await deps.events.transactAndPublish(deps.db, async (db, emit) => {
      const run = await runFromPath(db, context);
      const { status, lease_token, lease_until } = run;
      if (nextStatus(status, 'cancel') === undefined) throw errors.cannotCancel(status);
      const moved = transition(runSnapshot(run), 'cancel', unixSeconds(deps.clock));
      const cancelling = await updateRun(db, run.id, { ...moved, lease_token, lease_until });
      emit(run.id, { event: 'thread.run.cancelling', data: toRun(cancelling) });
      return cancelling;
    });
    worker.interrupt(row.id, 'cancelled');
    worker.wake();
    return answerRun(row, deps.clock);
  };
}

function submitRoute(deps: EngineDeps, worker: RunWorker) {
  return async (context: Context) => {
    const run = await runFromPath(deps.db, context);
    requireWaiting(run);
    const { stream, tool_outputs } = await parseBody(context, submitToolOutputsBody);
    const past = () => replaySteps(deps.db, run);
    return startRun(deps, worker, { run_id: run.id, stream, past }, async ({ db, emit }) =>
      submitOutputs({ db, emit, clock: deps.clock }, await runFromPath(db, context), tool_outputs),
    );
  };
}

/** `POST /threads/runs`: a thread, its messages and a run on it, or none of them (contract §4.4). */
export function createThreadAndRunRoute(deps: EngineDeps, worker: RunWorker) {
  return async (context: Context) => {
    const body = await parseBody(context, createThreadAndRunBody);
    const { thread: fields = {}, stream, ...run } = body;
    const id = deps.ids.newId('run_');
    return startRun(deps, worker, { run_id: id, stream }, async ({ db, emit }, lookups) => {
      const making = { ...deps, lookups };
      const thread = await addThread(db, fields, making, 'thread.');
      emit(id, { event: 'thread.created', data: toThread(thread) });
      return createRun({ db, emit }, making, thread, {
        ...run,
        id,
        initialMessages: fields.messages ?? [],
      });
    });
  };
}

function createRunRoute(deps: EngineDeps, worker: RunWorker) {
  return async (context: Context) => {
    const body = async () => ({
      ...parseQuery(context, includeQuery),
      ...(await parseBody(context, createRunBody)),
    });
    const [, { stream, include, ...run }] = await parseBetweenChecks(
      threadFromPath(deps.db, context),
      body,
    );
    const id = deps.ids.newId('run_');
    return startRun(
      deps,
      worker,
      { run_id: id, stream, include },
      async (writeContext, lookups) => {
        const thread = await threadFromPath(writeContext.db, context);
        return createRun(writeContext, { ...deps, lookups }, thread, { ...run, id });
      },
    );
  };
}

/** `/threads/{thread_id}/runs` (contract §4.4). */
export function runRoutes(deps: EngineDeps, worker: RunWorker): Hono {
  const { db } = deps;
  const routes = new Hono();

  routes.get('/', async (context) => {
    const [{ id }, query] = await parseBetweenChecks(threadFromPath(db, context), async () =>
      parseQuery(context, listSchema),
    );
    const page = await toPageQuery(query, 'run', (cursor) => findRun(db, id, cursor));
    const { rows, has_more } = await listRuns(db, id, page);
    return context.json(toList(rows.map(toRun), has_more));
  });

  routes.post('/', createRunRoute(deps, worker));

  routes.get('/:run_id', async (context) => answerRun(await runFromPath(db, context), deps.clock));

  routes.post('/:run_id', async (context) => {
    const [, { metadata }] = await parseBetweenChecks(runFromPath(db, context), () =>
      parseBody(context, modifyMetadata),
    );
    const row = await transact(db, async (transaction) => {
      const run = await runFromPath(transaction, context);
      const writable = isTerminal(run.status) || run.status === 'requires_action';
      if (!writable) throw errors.cannotUpdate(run.status);
      if (metadata === undefined) return run;
      return updateRunMetadata(transaction, run.id, metadata ?? {});
    });
    return context.json(toRun(row));
  });

  routes.post('/:run_id/cancel', cancelRoute(deps, worker));
  for (const name of ['submit_tool_outputs', 'submit-tool-outputs']) {
    routes.post(`/:run_id/${name}`, submitRoute(deps, worker));
  }

  return routes;
}
