import { type Context, Hono } from 'hono';
import { unixSeconds } from '../../shared/clock.ts';
import { modifyMetadata } from '../../schema/message.ts';
import {
  createRunBody,
  createThreadAndRunBody,
  includeQuery,
  submitToolOutputsBody,
} from '../../schema/run.ts';
import { errors } from '../http/errors.ts';
import {
  runFromPath,
  runProgressFromPath,
  threadFromPath,
  parseBetweenChecks,
} from './path-objects.ts';
import { listResponse, listSchema } from '../http/pagination.ts';
import { prefersMinimal } from '../http/prefer.ts';
import { parseBody, parseQuery } from '../http/request.ts';
import type { EngineDeps } from '../options.ts';
import { runSnapshot } from '../runs/end-run.ts';
import { transition, isTerminal, nextStatus } from '../run-state-machine.ts';
import { replaySteps } from '../events/event-replay.ts';
import type { RunWorker } from '../runs/worker.ts';
import {
  findRun,
  listRuns,
  toRun,
  toRunProgress,
  updateRun,
  updateRunMetadata,
} from '../store/runs.ts';
import type { RunRow } from '../store/schema.ts';
import { toThread } from '../store/threads.ts';
import { transact } from '../store/transaction.ts';
import { createRun, prepareRun } from './create-run.ts';
import { answerOnce, changeOnce, type RequestKey } from './idempotency.ts';
import { repeatRun, runResponse, startRun } from './start-run.ts';
import { type UpstreamStores, withUpstreamLookups } from './upstream-lookups.ts';
import { addThread, prepareThread } from './threads.ts';
import { attachForRun } from './v1-files.ts';
import { requireWaiting, submitOutputs } from './submit-tool-outputs.ts';

function cancelRoute(deps: EngineDeps, worker: RunWorker) {
  return async (context: Context) => {
    const row = await deps.events.transactAndPublish(deps.db, async (db, emit) => {
      const run = await runFromPath(db, context);
      const { status, lease_token, lease_until } = run;
      if (nextStatus(status, 'cancel') === undefined) throw errors.cannotCancel(status);
      const snapshot = transition(runSnapshot(run), 'cancel', unixSeconds(deps.clock));
      const cancelling = await updateRun(db, run, { ...snapshot, lease_token, lease_until });
      emit(run.id, { event: 'thread.run.cancelling', data: toRun(cancelling) });
      return cancelling;
    });
    worker.interrupt(row.id, 'cancelled');
    worker.wake();
    return runResponse(toRun(row), deps.clock);
  };
}

const runAnswer = (run: RunRow) => ({ object: toRun(run), thread_id: run.thread_id });

function submitRoute(deps: EngineDeps, worker: RunWorker) {
  const { clock } = deps;
  const handle = async (context: Context, key: RequestKey | null) => {
    const run = await runFromPath(deps.db, context);
    requireWaiting(run);
    const { stream, tool_outputs } = await parseBody(context, submitToolOutputsBody);
    const earlierEvents = stream === true ? await replaySteps(deps.db, run) : [];
    const skipped_events = earlierEvents.length;
    return startRun(deps, { run_id: run.id, stream, earlierEvents }, () =>
      worker.enqueueAndClaim(({ db, emit }) =>
        changeOnce(
          db,
          key,
          async () =>
            submitOutputs({ db, emit, clock }, await runFromPath(db, context), tool_outputs),
          (queued) => ({ ...runAnswer(queued), skipped_events }),
        ),
      ),
    );
  };
  return answerOnce(deps, handle, repeatRun(deps));
}

/** `POST /threads/runs`: a thread, its messages and a run on it, or none of them (contract §4.4). */
export function createThreadAndRunRoute(deps: EngineDeps, worker: RunWorker) {
  const handle = async (context: Context, key: RequestKey | null) => {
    const body = await parseBody(context, createThreadAndRunBody);
    const { thread = {}, stream, ...runFields } = body;
    const initialMessages = await attachForRun(deps.db, thread.messages ?? [], runFields);
    const threadFields = { ...thread, messages: initialMessages };
    const id = deps.ids.newId('run_');
    const prepare = async (stores: UpstreamStores) => ({
      resources: await prepareThread(threadFields, stores, 'thread.'),
      run: await prepareRun(deps, null, runFields, stores),
    });
    return startRun(deps, { run_id: id, stream }, () =>
      withUpstreamLookups(deps, prepare, (prepared) =>
        worker.enqueueAndClaim(({ db, emit }) => {
          const create = async () => {
            const added = await addThread(db, threadFields, prepared.resources, deps);
            emit(id, { event: 'thread.created', data: toThread(added) });
            const request = { ...runFields, id, initialMessages };
            return createRun({ db, emit }, deps, added, request, prepared.run);
          };
          return changeOnce(db, key, create, (run) => ({ object: toRun(run), thread_id: null }));
        }),
      ),
    );
  };
  return answerOnce(deps, handle, repeatRun(deps));
}

function createRunRoute(deps: EngineDeps, worker: RunWorker) {
  const handle = async (context: Context, key: RequestKey | null) => {
    const [, { stream, include, ...body }] = await parseBetweenChecks(
      threadFromPath(deps.db, context),
      async () => ({
        ...parseQuery(context, includeQuery),
        ...(await parseBody(context, createRunBody)),
      }),
    );
    const additional_messages = await attachForRun(deps.db, body.additional_messages ?? [], body);
    const fields = { ...body, additional_messages };
    const id = deps.ids.newId('run_');
    const prepare = async (stores: UpstreamStores) =>
      prepareRun(deps, await threadFromPath(deps.db, context), fields, stores);
    const create = () =>
      withUpstreamLookups(deps, prepare, (prepared) =>
        worker.enqueueAndClaim(({ db, emit }) => {
          const insert = async () => {
            const thread = await threadFromPath(db, context);
            return createRun({ db, emit }, deps, thread, { ...fields, id }, prepared);
          };
          return changeOnce(db, key, insert, runAnswer);
        }),
      );
    return startRun(deps, { run_id: id, stream, include }, () =>
      deps.threadQueue.run(context, create),
    );
  };
  return answerOnce(deps, handle, repeatRun(deps));
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

  routes.get('/:run_id', async (context) => {
    if (!prefersMinimal(context)) {
      return runResponse(toRun(await runFromPath(db, context)), deps.clock);
    }
    const progress = toRunProgress(await runProgressFromPath(db, context));
    const response = runResponse(progress, deps.clock);
    response.headers.set('preference-applied', 'return=minimal');
    return response;
  });

  routes.post('/:run_id', async (context) => {
    const [, { metadata }] = await parseBetweenChecks(runFromPath(db, context), () =>
      parseBody(context, modifyMetadata),
    );
    const row = await transact(db, async (transaction) => {
      const run = await runFromPath(transaction, context);
      const canUpdate = isTerminal(run.status) || run.status === 'requires_action';
      if (!canUpdate) throw errors.cannotUpdate(run.status);
      if (metadata === undefined) return run;
      return updateRunMetadata(transaction, run, metadata ?? {});
    });
    return context.json(toRun(row));
  });

  routes.post('/:run_id/cancel', cancelRoute(deps, worker));
  for (const name of ['submit_tool_outputs', 'submit-tool-outputs']) {
    routes.post(`/:run_id/${name}`, submitRoute(deps, worker));
  }

  return routes;
}
