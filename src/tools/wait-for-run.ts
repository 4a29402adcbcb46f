import type OpenAI from 'openai';
import { integer } from '../schema/common.ts';
import { cutText } from '../shared/text.ts';
import { isRunning } from '../shared/run-status.ts';
import { formatRunIds, nextStep } from './next-step.ts';
import { createProgressReporter } from './run-progress.ts';
import { type ApiCall, readJson } from './sdk-call.ts';
import type { ToolContext } from './tool.ts';

type Run = OpenAI.Beta.Threads.Run;

const firstPollDelayMs = 250;
const maxPollDelayMs = 1000;

/** Bounds of the `openai-poll-after-ms` header that a server may send. */
const pollAfterBoundsMs = { min: 20, max: 5000 };

/** In characters. All messages of a run together can be too large for one result. */
const maxReplyLength = 1_000_000;

/** A poll may take at least this long, even when less of the wait remains. */
const minPollTimeoutMs = 1000;

/** The argument `wait_seconds` of every tool that waits for a run. */
export const waitSeconds = (defaultSeconds: number) =>
  integer(0, 45)
    .exactOptional()
    .meta({ description: `Seconds to wait; default ${defaultSeconds}` });

/** The server's own poll delay, if it sends one. */
function pollDelayMs(headers: Headers, fallbackMs: number): number {
  const delayMs = Number.parseInt(headers.get('openai-poll-after-ms') ?? '', 10);
  if (Number.isNaN(delayMs)) return fallbackMs;
  return Math.min(Math.max(delayMs, pollAfterBoundsMs.min), pollAfterBoundsMs.max);
}

async function fetchRun(
  { id, thread_id }: Run,
  timeoutMs: number,
  { openai, signal }: ToolContext,
) {
  const options = { signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]) };
  return readJson(openai.beta.threads.runs.retrieve(id, { thread_id }, options));
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
    run = response.body;
    delayMs = pollDelayMs(response.headers, Math.min(delayMs * 2, maxPollDelayMs));
    await report(run);
  }
  return run;
}

/** The text of the run's messages, oldest first; null when there is none. */
async function readReply(run: Run, { openai, signal }: ToolContext): Promise<string | null> {
  const query = { run_id: run.id, order: 'asc', limit: 100 } as const;
  const list = openai.beta.threads.messages.list(run.thread_id, query, { signal });
  const { body } = await readJson(list);
  const texts = body.data
    .filter((message) => message.run_id === run.id)
    .flatMap((message) => message.content)
    .flatMap((part) => {
      if (part.type === 'text') return part.text.value;
      return part.type === 'refusal' ? part.refusal : [];
    });
  return texts.length === 0 ? null : texts.join('\n\n');
}

/** The next step when the reply could not be read. */
function readReplyStep(run: Run, { toolName }: ToolContext): string | null {
  const tool = toolName('list_messages');
  if (tool === null) return null;
  return `Call ${tool} with ${formatRunIds(run.thread_id, run.id)} to read the reply.`;
}

/** The run with what a caller reads first in front. */
function withFirst(run: Run, reply: string | null, next: string | null): object {
  const { status, ...fields } = run;
  return { status, ...(reply !== null && { reply }), ...(next !== null && { next }), ...fields };
}

async function withReplyOrNext(run: Run, context: ToolContext): Promise<object> {
  const ownStep = nextStep(run, context.toolName);
  if (run.status !== 'completed' && run.status !== 'incomplete')
    return withFirst(run, null, ownStep);
  try {
    const reply = await readReply(run, context);
    if (reply === null || reply.length <= maxReplyLength) return withFirst(run, reply, ownStep);
    const next = ownStep ?? readReplyStep(run, context);
    return withFirst(run, cutText(reply, maxReplyLength), next);
  } catch {
    return withFirst(run, null, readReplyStep(run, context) ?? ownStep);
  }
}

/**
 * Waits at most `maxSeconds` for the run that an SDK call returns. Adds `reply` (the text of a
 * completed or incomplete run) or `next` (what the caller should do). Rejects only when the SDK call does: a
 * failure after it returns the latest known run. A client's abort does not cancel the run.
 */
export async function waitForRun(
  call: ApiCall<Run>,
  maxSeconds: number,
  context: ToolContext,
): Promise<object> {
  const { body, headers } = await readJson(call);
  return withReplyOrNext(await pollRun(body, headers, maxSeconds, context), context);
}
