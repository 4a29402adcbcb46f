import type OpenAI from 'openai';
import { integer } from '../schema/common.ts';
import { isRunning } from '../shared/run-status.ts';
import { submitPersonOutputs } from './person-outputs.ts';
import { createProgressReporter } from './run-progress.ts';
import { withReplyOrNext } from './run-reply.ts';
import { createTask } from './run-task.ts';
import { type ApiCall, type ApiResponse, readJson } from './sdk-call.ts';
import type { OperationContext, ToolContext } from './tool.ts';

type Run = OpenAI.Beta.Threads.Run;

const firstPollDelayMs = 250;
const maxPollDelayMs = 1000;

/** Bounds of the `openai-poll-after-ms` header that a server may send. */
const pollAfterBoundsMs = { min: 20, max: 5000 };

/** For calls that start a run and do not say how long to wait. */
const defaultWaitSeconds = 30;

/** A poll may take at least this long, even when less of the wait remains. */
const minPollTimeoutMs = 1000;

/** The argument `wait_seconds` of every tool that waits for a run. */
export const waitSeconds = (defaultSeconds: number = defaultWaitSeconds) =>
  integer(0, 45)
    .exactOptional()
    .meta({ description: `Seconds to wait; default ${defaultSeconds}` });

/** The server's own poll delay, if it sends one. */
function pollDelayMs(headers: Headers, fallbackMs: number): number {
  const delayMs = Number.parseInt(headers.get('openai-poll-after-ms') ?? '', 10);
  if (Number.isNaN(delayMs)) return fallbackMs;
  return Math.min(Math.max(delayMs, pollAfterBoundsMs.min), pollAfterBoundsMs.max);
}

/** Asks for what can have changed. Servers that do not know the header answer with all of the run. */
const minimal = 'return=minimal';

/** The polled run, with what a minimal answer leaves out. */
function completeRun(run: Run, { body, headers }: ApiResponse<Run>): Run {
  if (headers.get('preference-applied') !== minimal) return body;
  const { retried_error: _ended, ...settings } = { retried_error: null, ...run };
  return { ...settings, ...body };
}

async function fetchRun(run: Run, timeoutMs: number, { openai, signal }: ToolContext) {
  const { id, thread_id } = run;
  const options = {
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    headers: { Prefer: minimal },
  };
  const response = await readJson(openai.beta.threads.runs.retrieve(id, { thread_id }, options));
  return { run: completeRun(run, response), headers: response.headers };
}

/**
 * Polls a run and returns its latest known state. Ends when the run stops running, after
 * `maxSeconds`, on a failed poll, or when the client or this server aborts.
 */
async function pollRun(
  firstRun: Run,
  headers: Headers,
  maxSeconds: number,
  context: ToolContext,
): Promise<Run> {
  const { clock, signal, closing } = context;
  const deadline = clock.now() + maxSeconds * 1000;
  const report = createProgressReporter(context);
  let run = firstRun;
  let delayMs = pollDelayMs(headers, firstPollDelayMs);
  await report(run);
  while (isRunning(run.status) && clock.now() < deadline && !closing.aborted) {
    await clock.sleep(Math.min(delayMs, deadline - clock.now()), signal);
    if (signal.aborted) break;
    const timeoutMs = Math.max(deadline - clock.now(), minPollTimeoutMs);
    const response = await fetchRun(run, timeoutMs, context).catch(() => null);
    if (response === null) break;
    run = response.run;
    delayMs = pollDelayMs(response.headers, Math.min(delayMs * 2, maxPollDelayMs));
    await report(run);
  }
  return run;
}

/** The run that an earlier round of this call waited for, or the one that the call starts. */
function firstResponse(start: () => ApiCall<Run>, { openai, person, signal }: ToolContext) {
  const pending = person?.pendingRun ?? null;
  if (pending === null) return readJson(start());
  const { run_id, thread_id } = pending;
  return readJson(openai.beta.threads.runs.retrieve(run_id, { thread_id }, { signal }));
}

/** Waits at most `maxSeconds`, and again after the person has given outputs. */
async function waitWithPerson(
  start: () => ApiCall<Run>,
  maxSeconds: number,
  context: ToolContext,
): Promise<Run> {
  let response = await firstResponse(start, context);
  for (;;) {
    const run = await pollRun(response.body, response.headers, maxSeconds, context);
    const submitted = maxSeconds === 0 ? null : await submitPersonOutputs(run, context);
    if (submitted === null) return run;
    response = submitted;
  }
}

/**
 * Waits at most `maxSeconds` for the run that an SDK call returns, and again after the person has given
 * outputs. Adds `reply` (the text of a completed or incomplete run) or `next` (what the caller should
 * do). Rejects only when the SDK call does: a failure after it returns the latest known run. A client's
 * abort does not cancel the run.
 */
export async function waitForRun(
  start: () => ApiCall<Run>,
  maxSeconds: number,
  context: ToolContext,
): Promise<object> {
  return withReplyOrNext(await waitWithPerson(start, maxSeconds, context), context);
}

/**
 * As `waitForRun`, for a call that lets a run go on. If the client takes a task and the run has not
 * ended, the call is answered with a task; then it waits only as long as it was told to.
 */
export async function followRun(
  start: () => ApiCall<Run>,
  requestedSeconds: number | undefined,
  context: OperationContext,
): Promise<object> {
  const { startTask, isVerbose, clock } = context;
  const maxSeconds = requestedSeconds ?? (startTask === null ? defaultWaitSeconds : 0);
  const run = await waitWithPerson(start, maxSeconds, context);
  const task = isRunning(run.status) ? createTask(run, isVerbose, clock.now()) : null;
  if (task !== null) startTask?.(task);
  return withReplyOrNext(run, context);
}
