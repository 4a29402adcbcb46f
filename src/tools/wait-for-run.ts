import type OpenAI from 'openai';
import { integer } from '../schema/common.ts';
import { type ApiCall, readJson } from './sdk-call.ts';
import { formatRunIds, nextStep } from './next-step.ts';
import { isRunning } from '../shared/run-status.ts';
import { createProgressReporter } from './run-progress.ts';
import type { ToolContext } from './tool.ts';

type Run = OpenAI.Beta.Threads.Run;

const firstPause = 250;
const longestPause = 1000;

/** The least and the most that a server's own wish is followed, in milliseconds. */
const pollAfterBoundsMs = [20, 5000] as const;

/** The argument of every tool that waits. */
export const waitSeconds = (fallback: number) =>
  integer(0, 45).exactOptional().meta({ description: 'Longest wait', default: fallback });

/** When to look again: as the server wishes, else a little later each time. */
function pauseAfter(headers: Headers, previous: number): number {
  const wish = Number.parseInt(headers.get('openai-poll-after-ms') ?? '', 10);
  if (Number.isNaN(wish)) return Math.min(previous * 2, longestPause);
  return Math.min(Math.max(wish, pollAfterBoundsMs[0]), pollAfterBoundsMs[1]);
}

/** Looks at a run once; a server that does not answer holds up nobody beyond `patience` ms. */
async function fetchRun({ id, thread_id }: Run, patience: number, { openai, signal }: ToolContext) {
  const options = { signal: AbortSignal.any([signal, AbortSignal.timeout(patience)]) };
  return readJson(openai.beta.threads.runs.retrieve(id, { thread_id }, options));
}

/** Looks again until the run stands still, the time is over, or the client or this program goes. */
async function pollRun(
  first: Run,
  headers: Headers,
  seconds: number,
  call: ToolContext,
): Promise<Run> {
  const { clock, signal, closing } = call;
  const deadline = clock.now() + seconds * 1000;
  const report = createProgressReporter(call);
  let run = first;
  let pause = headers.has('openai-poll-after-ms') ? pauseAfter(headers, firstPause) : firstPause;
  await report(run);
  while (isRunning(run.status) && clock.now() < deadline && !closing.aborted) {
    await clock.sleep(Math.min(pause, deadline - clock.now()), signal);
    if (signal.aborted) break;
    const seen = await fetchRun(run, Math.max(deadline - clock.now(), 1000), call).catch(
      () => null,
    );
    if (seen === null) break;
    run = seen.body;
    pause = pauseAfter(seen.headers, pause);
    await report(run);
  }
  return run;
}

/** The text of the messages that a run made, in order; null when it made none. */
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

/** How to come by a reply that could not be read just now. */
function readLater(run: Run, call: ToolContext): string | null {
  const tool = call.names('list_messages');
  return tool === null
    ? null
    : `Call ${tool} with ${formatRunIds(run.thread_id, run.id)} for the reply.`;
}

async function withReplyOrNext(run: Run, call: ToolContext): Promise<object> {
  const next = nextStep(run, call.names);
  if (run.status !== 'completed') return next === null ? run : { ...run, next };
  try {
    const reply = await readReply(run, call);
    return reply === null ? run : { ...run, reply };
  } catch {
    const later = readLater(run, call);
    return later === null ? run : { ...run, next: later };
  }
}

/**
 * Follows the run that an SDK call answers with, at most `seconds`, and adds `reply` (the text it
 * made, when completed) and `next` (what is left to do). Only the call itself can fail: once the
 * run is known, every trouble ends in the run as last seen. A client's abort never stops the run.
 */
export async function waitForRun(
  pending: ApiCall<Run>,
  seconds: number,
  call: ToolContext,
): Promise<object> {
  const { body, headers } = await readJson(pending);
  return withReplyOrNext(await pollRun(body, headers, seconds, call), call);
}
