import { type Context, Hono } from 'hono';
import { seconds } from '../../clock.ts';
import { modifyMetadata } from '../../schema/message.ts';
import {
  createRunBody,
  createThreadAndRunBody,
  includeQuery,
  submitToolOutputsBody,
} from '../../schema/run.ts';
import { errors } from '../http/errors.ts';
import { pathRun, pathThread, withBody } from './lookup.ts';
import { answerList } from '../http/page.ts';
import { parseBody, parseQuery } from '../http/parse.ts';
import type { EngineOptions } from '../options.ts';
import { advance, isTerminal, nextStatus } from '../runs/machine.ts';
import type { RunWorker } from '../runs/worker.ts';
import {
  findRun,
  listRuns,
  type RunRow,
  runState,
  toRun,
  updateRun,
  updateRunMetadata,
} from '../store/runs.ts';
import { createRun } from './create-run.ts';
import { addThread } from './threads.ts';
import { checkWaiting, submitOutputs } from './tool-outputs.ts';

/** Milliseconds after which a caller had better look again, by whether the run is moving. */
const pollAfter = (run: RunRow): string =>
  run.status === 'queued' || run.status === 'in_progress' || run.status === 'cancelling'
    ? '100'
    : '1000';

function refuseStreaming<Body extends { stream?: boolean | null }>(body: Body): Body {
  if (body.stream === true) throw errors.noStreaming();
  return body;
}

function cancelRoute({ db, clock }: EngineOptions, worker: RunWorker) {
  return async (context: Context) => {
    const row = await db.transaction().execute(async (transaction) => {
      const run = await pathRun(transaction, context);
      const { status } = run;
      if (nextStatus(status, 'cancel') === undefined) throw errors.cannotCancel(status);
      const moved = advance({ status, state: runState(run) }, 'cancel', seconds(clock));
      const { lease_token, lease_until } = run;
      return updateRun(transaction, run.id, { ...moved, lease_token, lease_until });
    });
    worker.interrupt(row.id, 'cancelled');
    worker.wake();
    return context.json(toRun(row));
  };
}

function submitRoute({ db, clock }: EngineOptions, worker: RunWorker) {
  return async (context: Context) => {
    checkWaiting(await pathRun(db, context));
    const body = refuseStreaming(await parseBody(context, submitToolOutputsBody));
    const row = await db
      .transaction()
      .execute(async (transaction) =>
        submitOutputs(
          transaction,
          await pathRun(transaction, context),
          body.tool_outputs,
          seconds(clock),
        ),
      );
    worker.wake();
    return context.json(toRun(row));
  };
}

/** `POST /threads/runs`: a thread, its messages and a run on it, or none of them (contract §4.4). */
export function createThreadAndRunRoute(options: EngineOptions, worker: RunWorker) {
  return async (context: Context) => {
    const body = refuseStreaming(await parseBody(context, createThreadAndRunBody));
    const { thread: fields = {}, ...run } = body;
    const row = await options.db.transaction().execute(async (transaction) => {
      const thread = await addThread(transaction, fields, options, 'thread.');
      return createRun(transaction, options, thread, run);
    });
    worker.wake();
    return context.json(toRun(row));
  };
}

/** `/threads/{thread_id}/runs` (contract §4.4). */
export function runRoutes(options: EngineOptions, worker: RunWorker): Hono {
  const { db } = options;
  const routes = new Hono();

  routes.get('/', async (context) => {
    const { id } = await pathThread(db, context);
    return answerList(context, {
      kind: 'run',
      find: (cursor) => findRun(db, id, cursor),
      read: (page) => listRuns(db, id, page),
      toObject: toRun,
    });
  });

  routes.post('/', async (context) => {
    const [, body] = await withBody(pathThread(db, context), async () => {
      parseQuery(context, includeQuery);
      return refuseStreaming(await parseBody(context, createRunBody));
    });
    const row = await db
      .transaction()
      .execute(async (transaction) =>
        createRun(transaction, options, await pathThread(transaction, context), body),
      );
    worker.wake();
    return context.json(toRun(row));
  });

  routes.get('/:run_id', async (context) => {
    const run = await pathRun(db, context);
    return context.json(toRun(run), 200, { 'openai-poll-after-ms': pollAfter(run) });
  });

  routes.post('/:run_id', async (context) => {
    const [run, { metadata }] = await withBody(pathRun(db, context), () =>
      parseBody(context, modifyMetadata),
    );
    const writable = isTerminal(run.status) || run.status === 'requires_action';
    if (!writable) throw errors.cannotUpdate(run.status);
    if (metadata === undefined) return context.json(toRun(run));
    return context.json(toRun(await updateRunMetadata(db, run.id, metadata ?? {})));
  });

  routes.post('/:run_id/cancel', cancelRoute(options, worker));
  for (const name of ['submit_tool_outputs', 'submit-tool-outputs']) {
    routes.post(`/:run_id/${name}`, submitRoute(options, worker));
  }

  return routes;
}
