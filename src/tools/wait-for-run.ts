import type OpenAI from 'openai';
import { isRunning } from '../shared/run-status.ts';
import { submitPersonOutputs } from './person-outputs.ts';
import { defaultWaitSeconds, poll } from './poll.ts';
import { createProgressReporter } from './run-progress.ts';
import { withReplyOrNext } from './run-reply.ts';
import { createTask } from './run-task.ts';
import { type ApiCall, type ApiResponse, readJson } from './sdk-call.ts';
import type { OperationContext, ToolContext } from './tool.ts';

type Run = OpenAI.Beta.Threads.Run;

/** Asks for what can have changed. Servers that do not know the header answer with all of the run. */
const minimal = 'return=minimal';

/** The polled run, with what a minimal answer leaves out. */
function completeRun(run: Run, { body, headers }: ApiResponse<Run>): Run {
  if (headers.get('preference-applied') !== minimal) return body;
  // The answer has it as long as the call is being made again.
  const { retried_error: _ended, ...settings } = { retried_error: null, ...run };
  return { ...settings, ...body };
}

/** Polls a run until it stops running, or for `maxSeconds`, and reports what it does. */
function pollRun(first: ApiResponse<Run>, maxSeconds: number, context: ToolContext): Promise<Run> {
  const read = async (run: Run, signal: AbortSignal) => {
    const { id, thread_id } = run;
    const options = { signal, headers: { Prefer: minimal } };
    const { runs } = context.openai.beta.threads;
    const response = await readJson(runs.retrieve(id, { thread_id }, options));
    return { body: completeRun(run, response), headers: response.headers };
  };
  const report = createProgressReporter(context);
  const isRunningRun = ({ status }: Run) => isRunning(status);
  return poll(first, { maxSeconds, isRunning: isRunningRun, read, report }, context);
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
    const run = await pollRun(response, maxSeconds, context);
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
  if (startTask !== null && isRunning(run.status)) {
    const task = createTask(run, isVerbose, clock.now());
    if (task !== null) startTask(task);
  }
  return withReplyOrNext(run, context);
}
