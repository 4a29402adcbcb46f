import { type Context, Hono } from 'hono';
import { type Clock, seconds } from '../../shared/clock.ts';
import { modifyMetadata } from '../../schema/message.ts';
import {
  createRunBody,
  createThreadAndRunBody,
  includeQuery,
  submitToolOutputsBody,
} from '../../schema/run.ts';
import { errors } from '../http/errors.ts';
import { pathRun, pathThread, withBody } from './path-objects.ts';
import { listSchema, toList, toPageQuery } from '../http/pagination.ts';
import { parseBody, parseQuery } from '../http/request.ts';
import type { EngineParts } from '../options.ts';
import { standing } from '../runs/end-run.ts';
import type { StreamEvent } from '../events/event-bus.ts';
import { threadDeleted } from '../events/fault.ts';
import { advance, isTerminal, nextStatus } from '../run-state-machine.ts';
import { Narration } from '../events/event-deduplicator.ts';
import { retellRun, retellSteps } from '../events/event-replay.ts';
import type { Writing } from '../runs/step-writer.ts';
import type { RunWorker } from '../runs/worker.ts';
import {
  findRun,
  listRuns,
  type RunRow,
  toRun,
  updateRun,
  updateRunMetadata,
} from '../store/runs.ts';
import type { Database } from '../store/schema.ts';
import { toThread } from '../store/threads.ts';
import { transact } from '../store/transaction.ts';
import { createRun } from './create-run.ts';
import type { Include } from './found-content.ts';
import { type Errands, withErrands } from './upstream-lookups.ts';
import { answerStream } from './run-stream.ts';
import { addThread } from './threads.ts';
import { checkWaiting, submitOutputs } from './submit-tool-outputs.ts';

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
async function lookAtRun(db: Database, { thread_id, id }: RunRow): Promise<StreamEvent[]> {
  const run = await findRun(db, thread_id, id);
  return run === undefined ? [threadDeleted] : retellRun(db, run);
}

/** A request that sets a run going. */
interface Going {
  readonly run_id: string;
  readonly stream: boolean | null | undefined;
  /** What a stream need not tell, because it happened before. */
  readonly past?: () => Promise<StreamEvent[]>;
  readonly include?: Include | undefined;
}

/**
 * Makes a change that sets a run going and answers with the run, or, where the request says
 * `stream`, with all that happens from the change on: hence the subscription before it.
 */
async function setGoing(
  parts: EngineParts,
  worker: RunWorker,
  { run_id, stream, past, include }: Going,
  change: (writing: Pick<Writing, 'db' | 'tell'>, errands: Errands) => Promise<RunRow>,
): Promise<Response> {
  const { db, clock, events } = parts;
  const subscription = stream === true ? events.subscribe(run_id) : null;
  try {
    const narration = new Narration();
    if (subscription !== null) narration.continue((await past?.()) ?? [], 'retold', seconds(clock));
    const row = await withErrands(parts, (errands) =>
      worker.accept((writing) => change(writing, errands)),
    );
    if (subscription === null) return answerRun(row, clock);
    return answerStream({
      subscription,
      narration,
      look: () => lookAtRun(db, row),
      clock,
      include,
    });
  } catch (error) {
    subscription?.close();
    throw error;
  }
}

function cancelRoute(parts: EngineParts, worker: RunWorker) {
  return async (context: Context) => {
    const row = await parts.events.change(parts.db, async (db, tell) => {
      const run = await pathRun(db, context);
      const { status, lease_token, lease_until } = run;
      if (nextStatus(status, 'cancel') === undefined) throw errors.cannotCancel(status);
      const moved = advance(standing(run), 'cancel', seconds(parts.clock));
      const cancelling = await updateRun(db, run.id, { ...moved, lease_token, lease_until });
      tell(run.id, { event: 'thread.run.cancelling', data: toRun(cancelling) });
      return cancelling;
    });
    worker.interrupt(row.id, 'cancelled');
    worker.wake();
    return answerRun(row, parts.clock);
  };
}

function submitRoute(parts: EngineParts, worker: RunWorker) {
  return async (context: Context) => {
    const run = await pathRun(parts.db, context);
    checkWaiting(run);
    const { stream, tool_outputs } = await parseBody(context, submitToolOutputsBody);
    const past = () => retellSteps(parts.db, run);
    return setGoing(parts, worker, { run_id: run.id, stream, past }, async ({ db, tell }) =>
      submitOutputs({ db, tell, clock: parts.clock }, await pathRun(db, context), tool_outputs),
    );
  };
}

/** `POST /threads/runs`: a thread, its messages and a run on it, or none of them (contract §4.4). */
export function createThreadAndRunRoute(parts: EngineParts, worker: RunWorker) {
  return async (context: Context) => {
    const body = await parseBody(context, createThreadAndRunBody);
    const { thread: fields = {}, stream, ...run } = body;
    const id = parts.ids.object('run_');
    return setGoing(parts, worker, { run_id: id, stream }, async ({ db, tell }, errands) => {
      const making = { ...parts, errands };
      const thread = await addThread(db, fields, making, 'thread.');
      tell(id, { event: 'thread.created', data: toThread(thread) });
      return createRun({ db, tell }, making, thread, {
        ...run,
        id,
        opening: fields.messages ?? [],
      });
    });
  };
}

function createRunRoute(parts: EngineParts, worker: RunWorker) {
  return async (context: Context) => {
    const body = async () => ({
      ...parseQuery(context, includeQuery),
      ...(await parseBody(context, createRunBody)),
    });
    const [, { stream, include, ...run }] = await withBody(pathThread(parts.db, context), body);
    const id = parts.ids.object('run_');
    return setGoing(parts, worker, { run_id: id, stream, include }, async (writing, errands) => {
      const thread = await pathThread(writing.db, context);
      return createRun(writing, { ...parts, errands }, thread, { ...run, id });
    });
  };
}

/** `/threads/{thread_id}/runs` (contract §4.4). */
export function runRoutes(parts: EngineParts, worker: RunWorker): Hono {
  const { db } = parts;
  const routes = new Hono();

  routes.get('/', async (context) => {
    const [{ id }, query] = await withBody(pathThread(db, context), async () =>
      parseQuery(context, listSchema),
    );
    const page = await toPageQuery(query, 'run', (cursor) => findRun(db, id, cursor));
    const { rows, has_more } = await listRuns(db, id, page);
    return context.json(toList(rows.map(toRun), has_more));
  });

  routes.post('/', createRunRoute(parts, worker));

  routes.get('/:run_id', async (context) => answerRun(await pathRun(db, context), parts.clock));

  routes.post('/:run_id', async (context) => {
    const [, { metadata }] = await withBody(pathRun(db, context), () =>
      parseBody(context, modifyMetadata),
    );
    const row = await transact(db, async (transaction) => {
      const run = await pathRun(transaction, context);
      const writable = isTerminal(run.status) || run.status === 'requires_action';
      if (!writable) throw errors.cannotUpdate(run.status);
      if (metadata === undefined) return run;
      return updateRunMetadata(transaction, run.id, metadata ?? {});
    });
    return context.json(toRun(row));
  });

  routes.post('/:run_id/cancel', cancelRoute(parts, worker));
  for (const name of ['submit_tool_outputs', 'submit-tool-outputs']) {
    routes.post(`/:run_id/${name}`, submitRoute(parts, worker));
  }

  return routes;
}
