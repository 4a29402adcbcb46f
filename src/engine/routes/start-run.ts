import type { Context } from 'hono';
import type OpenAI from 'openai';
import * as z from 'zod';
import { includeQuery } from '../../schema/run.ts';
import { type Clock, unixSeconds, yieldIfOthersWait } from '../../shared/clock.ts';
import { isRunning } from '../../shared/run-status.ts';
import { type StreamEvent, threadDeleted } from '../events/event-bus.ts';
import { EventDeduplicator } from '../events/event-deduplicator.ts';
import { replayRun, replaySteps } from '../events/event-replay.ts';
import { parseBody, parseQuery } from '../http/request.ts';
import type { EngineDeps } from '../options.ts';
import { findRun, toRun } from '../store/runs.ts';
import { type Database, decode, type RunRow } from '../store/schema.ts';
import { findThread, toThread } from '../store/threads.ts';
import type { FirstAnswer } from './idempotency.ts';
import type { Include } from './run-steps.ts';
import { runStreamResponse } from './run-stream.ts';

type Run = OpenAI.Beta.Threads.Run;

type PolledRun = Pick<Run, 'status' | 'created_at'>;

/** Milliseconds after which a client should poll again: soonest for a young run. */
function pollAfterMs({ status, created_at }: PolledRun, clock: Clock): number {
  if (!isRunning(status)) return 1000;
  return clock.now() - created_at * 1000 < 3000 ? 20 : 50;
}

/** The SDKs poll after the time in the header, and after 5 s without it. */
export const runResponse = (run: PolledRun, clock: Clock): Response =>
  Response.json(run, {
    headers: { 'openai-poll-after-ms': String(pollAfterMs(run, clock)) },
  });

type RunIds = Pick<RunRow, 'thread_id' | 'id'>;

/** The events of a run so far, whichever process executed it. */
async function replayFromDatabase(db: Database, { thread_id, id }: RunIds): Promise<StreamEvent[]> {
  const run = await findRun(db, thread_id, id);
  return run === undefined ? [threadDeleted] : replayRun(db, run);
}

/** A request that starts or resumes a run. */
interface StartRun {
  readonly run_id: string;
  readonly stream: boolean | null | undefined;
  /** The events before this request, which its stream leaves out. */
  readonly earlierEvents?: readonly StreamEvent[];
  readonly include?: Include | undefined;
}

/**
 * Responds with the run that `change` queues, or, with `stream`, with the events from the change on:
 * hence the subscription before it.
 */
export async function startRun(
  { db, clock, events, log }: EngineDeps,
  { run_id, stream, earlierEvents = [], include }: StartRun,
  change: () => Promise<RunRow>,
): Promise<Response> {
  if (stream !== true) {
    const run = toRun(await change());
    await yieldIfOthersWait();
    return runResponse(run, clock);
  }
  const subscription = events.subscribe(run_id);
  try {
    const deduplicator = new EventDeduplicator();
    deduplicator.filter(earlierEvents, 'replayed', unixSeconds(clock));
    const run = await change();
    const replay = () => replayFromDatabase(db, run);
    return runStreamResponse({ subscription, deduplicator, replay, clock, log, include });
  } catch (error) {
    subscription.close();
    throw error;
  }
}

/**
 * Subscribes to no run: a stream that begins in the middle of a message takes its events from the
 * database alone, because the live ones lack the text before them.
 */
const noRun = '';

/** The events with which the stream of a first request began. */
async function openingEvents(db: Database, { req }: Context, run: Run): Promise<StreamEvent[]> {
  const queued: StreamEvent = { event: 'thread.run.queued', data: run };
  if (req.param('run_id') !== undefined) return [queued];
  const created: StreamEvent = { event: 'thread.run.created', data: run };
  if (req.param('thread_id') !== undefined) return [created, queued];
  const thread = await findThread(db, run.thread_id);
  if (thread === undefined) return [created, queued];
  return [{ event: 'thread.created', data: toThread(thread) }, created, queued];
}

const streamBody = z.looseObject({ stream: z.boolean().nullish() });

/**
 * Creates the handler of a repeated request that started or resumed a run: it responds with the run
 * as it was then or, with `stream`, with all events from then on.
 */
export const repeatRun =
  ({ db, clock, events, log }: EngineDeps) =>
  async (context: Context, { object, skipped_events }: FirstAnswer): Promise<Response> => {
    const run = decode<Run>(object);
    const { stream } = await parseBody(context, streamBody);
    if (stream !== true) return runResponse(run, clock);
    const { include } = parseQuery(context, includeQuery);
    const row = await findRun(db, run.thread_id, run.id);
    const steps = row === undefined ? [] : await replaySteps(db, row);
    const deduplicator = new EventDeduplicator();
    const filter = (replayed: readonly StreamEvent[]) =>
      deduplicator.filter(replayed, 'replayed', unixSeconds(clock));
    filter(steps.slice(0, skipped_events));
    const replay = () => replayFromDatabase(db, run);
    const opening = await openingEvents(db, context, run);
    const firstEvents = filter([...opening, ...(await replay())]);
    const subscription = events.subscribe(noRun);
    const source = { subscription, deduplicator, replay, firstEvents };
    return runStreamResponse({ ...source, clock, log, include });
  };
