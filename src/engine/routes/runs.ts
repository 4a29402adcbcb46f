import { type Context, Hono } from 'hono';
import { type Clock, unixSeconds } from '../../shared/clock.ts';
import { isRunning } from '../../shared/run-status.ts';
import { modifyMetadata } from '../../schema/message.ts';
import {
  createRunBody,
  createThreadAndRunBody,
  includeQuery,
  submitToolOutputsBody,
} from '../../schema/run.ts';
import { errors } from '../http/errors.ts';
import { runFromPath, threadFromPath, parseBetweenChecks } from './path-objects.ts';
import { listResponse, listSchema } from '../http/pagination.ts';
import { parseBody, parseQuery } from '../http/request.ts';
import type { EngineDeps } from '../options.ts';
import { runSnapshot } from '../runs/end-run.ts';
import { type StreamEvent, threadDeleted } from '../events/event-bus.ts';
import { transition, isTerminal, nextStatus } from '../run-state-machine.ts';
import { EventDeduplicator } from '../events/event-deduplicator.ts';
import { replayRun, replaySteps } from '../events/event-replay.ts';
import type { RunWorker } from '../runs/worker.ts';
import { findRun, listRuns, toRun, updateRun, updateRunMetadata } from '../store/runs.ts';
import type { Database, RunRow } from '../store/schema.ts';
import { toThread } from '../store/threads.ts';
import { transact } from '../store/transaction.ts';
import { createRun, prepareRun } from './create-run.ts';
import type { Include } from './run-steps.ts';
import { type UpstreamStores, withUpstreamLookups } from './upstream-lookups.ts';
import { runStreamResponse } from './run-stream.ts';
import { addThread, prepareThread } from './threads.ts';
import { requireWaiting, submitOutputs } from './submit-tool-outputs.ts';

/** Milliseconds after which a client should poll again: soonest for a young run. */
function pollAfterMs({ status, created_at }: RunRow, clock: Clock): number {
  if (!isRunning(status)) return 1000;
  return clock.now() - created_at * 1000 < 3000 ? 20 : 50;
}

/** The SDKs poll after the time in the header, and after 5 s without it. */
const runResponse = (run: RunRow, clock: Clock): Response =>
  Response.json(toRun(run), {
    headers: { 'openai-poll-after-ms': String(pollAfterMs(run, clock)) },
  });

/** The events of a run so far, whichever process executed it. */
async function replayFromDatabase(db: Database, { thread_id, id }: RunRow): Promise<StreamEvent[]> {
  const run = await findRun(db, thread_id, id);
  return run === undefined ? [threadDeleted] : replayRun(db, run);
}

/** A request that starts or resumes a run. */
interface StartRun {
  readonly run_id: string;
  readonly stream: boolean | null | undefined;
  /** The events before this request, which its stream leaves out. */
  readonly earlierEvents?: () => Promise<StreamEvent[]>;
  readonly include?: Include | undefined;
}

/**
 * Responds with the run that `change` queues, or, with `stream`, with the events from the change on:
 * hence the subscription before it.
 */
async function startRun(
  { db, clock, events }: EngineDeps,
  { run_id, stream, earlierEvents, include }: StartRun,
  change: () => Promise<RunRow>,
): Promise<Response> {
  if (stream !== true) return runResponse(await change(), clock);
  const subscription = events.subscribe(run_id);
  try {
    const deduplicator = new EventDeduplicator();
    deduplicator.filter((await earlierEvents?.()) ?? [], 'replayed', unixSeconds(clock));
    const run = await change();
    const replay = () => replayFromDatabase(db, run);
    return runStreamResponse({ subscription, deduplicator, replay, clock, include });
  } catch (error) {
    subscription.close();
    throw error;
  }
}

function cancelRoute(deps: EngineDeps, worker: RunWorker) {
  return async (context: Context) => {
    const row = await deps.events.transactAndPublish(deps.db, async (db, emit) => {
      const run = await runFromPath(db, context);
      const { status, lease_token, lease_until } = run;
      if (nextStatus(status, 'cancel') === undefined) throw errors.cannotCancel(status);
      const snapshot = transition(runSnapshot(run), 'cancel', unixSeconds(deps.clock));
      const cancelling = await updateRun(db, run.id, { ...snapshot, lease_token, lease_until });
      emit(run.id, { event: 'thread.run.cancelling', data: toRun(cancelling) });
      return cancelling;
    });
    worker.interrupt(row.id, 'cancelled');
    worker.wake();
    return runResponse(row, deps.clock);
  };
}

function submitRoute(deps: EngineDeps, worker: RunWorker) {
  return async (context: Context) => {
    const run = await runFromPath(deps.db, context);
    requireWaiting(run);
    const { stream, tool_outputs } = await parseBody(context, submitToolOutputsBody);
    const earlierEvents = () => replaySteps(deps.db, run);
    return startRun(deps, { run_id: run.id, stream, earlierEvents }, () =>
      worker.enqueueAndClaim(async ({ db, emit }) =>
        submitOutputs(
          { db, emit, clock: deps.clock },
          await runFromPath(db, context),
          tool_outputs,
        ),
      ),
    );
  };
}

/** `POST /threads/runs`: a thread, its messages and a run on it, or none of them (contract §4.4). */
export function createThreadAndRunRoute(deps: EngineDeps, worker: RunWorker) {
  return async (context: Context) => {
    const body = await parseBody(context, createThreadAndRunBody);
    const { thread: threadFields = {}, stream, ...runFields } = body;
    const initialMessages = threadFields.messages ?? [];
    const id = deps.ids.newId('run_');
    const prepare = async (stores: UpstreamStores) => ({
      resources: await prepareThread(threadFields, stores, 'thread.'),
      run: await prepareRun(deps, null, runFields, stores),
    });
    return startRun(deps, { run_id: id, stream }, () =>
      withUpstreamLookups(deps, prepare, (prepared) =>
        worker.enqueueAndClaim(async (writeContext) => {
          const { db, emit } = writeContext;
          const thread = await addThread(db, threadFields, prepared.resources, deps);
          emit(id, { event: 'thread.created', data: toThread(thread) });
          const request = { ...runFields, id, initialMessages };
          return createRun(writeContext, deps, thread, request, prepared.run);
        }),
      ),
    );
  };
}

function createRunRoute(deps: EngineDeps, worker: RunWorker) {
  return async (context: Context) => {
    const [, { stream, include, ...fields }] = await parseBetweenChecks(
      threadFromPath(deps.db, context),
      async () => ({
        ...parseQuery(context, includeQuery),
        ...(await parseBody(context, createRunBody)),
      }),
    );
    const id = deps.ids.newId('run_');
    const prepare = async (stores: UpstreamStores) =>
      prepareRun(deps, await threadFromPath(deps.db, context), fields, stores);
    return startRun(deps, { run_id: id, stream, include }, () =>
      withUpstreamLookups(deps, prepare, (prepared) =>
        worker.enqueueAndClaim(async (writeContext) => {
          const thread = await threadFromPath(writeContext.db, context);
          return createRun(writeContext, deps, thread, { ...fields, id }, prepared);
        }),
      ),
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
    return listResponse(query, {
      kind: 'run',
      findCursor: (cursor) => findRun(db, id, cursor),
      read: (page) => listRuns(db, id, page),
      toObject: toRun,
    });
  });

  routes.post('/', createRunRoute(deps, worker));

  routes.get('/:run_id', async (context) =>
    runResponse(await runFromPath(db, context), deps.clock),
  );

  routes.post('/:run_id', async (context) => {
    const [, { metadata }] = await parseBetweenChecks(runFromPath(db, context), () =>
      parseBody(context, modifyMetadata),
    );
    const row = await transact(db, async (transaction) => {
      const run = await runFromPath(transaction, context);
      const canUpdate = isTerminal(run.status) || run.status === 'requires_action';
      if (!canUpdate) throw errors.cannotUpdate(run.status);
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
