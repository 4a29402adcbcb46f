import type { Harness } from './engine.ts';
import { createAssistant, createThread } from './conversation.ts';
import { createGate } from './upstream.ts';
import { functionCall } from './upstream-items.ts';

/** The state of the thread before the request: without a message, without a run, or its run's status. */
export type ThreadState =
  | 'no run'
  | 'no message'
  | 'queued'
  | 'in_progress'
  | 'requires_action'
  | 'cancelling'
  | 'completed'
  | 'failed'
  | 'cancelled'
  | 'expired';

/** A row of the error catalogue: its number, a request and the response. */
export type Row = [
  row: number,
  name: string,
  request: [method: string, path: string, body?: unknown],
  response: [status: number, message: string, param?: string | null, code?: string | null],
  state?: ThreadState,
];

/** Ids by the letters that stand for them in the table: assistant, thread and run. */
export type ThreadIds = Readonly<Record<'A' | 'T' | 'R', string>>;

/** Advances a queued run to a state. */
async function advanceRun(
  harness: Harness,
  state: ThreadState,
  run: { id: string; thread_id: string },
) {
  const { runs } = harness.openai.beta.threads;
  const { id, thread_id } = run;
  const gate = createGate();
  const twoCalls = [
    functionCall('get_weather', {}, 'call_a'),
    functionCall('get_weather', {}, 'call_b'),
  ];
  switch (state) {
    case 'in_progress':
      harness.upstream.respondWith({ gate });
      await harness.engine.tick();
      return gate.reached;
    case 'requires_action':
      harness.upstream.respondWith({ output: twoCalls });
      return harness.runToEnd();
    case 'completed':
      harness.upstream.respondWith({});
      return harness.runToEnd();
    case 'failed':
      harness.upstream.respondWith({ failed: { code: 'invalid_prompt', message: 'No.' } });
      return harness.runToEnd();
    case 'cancelling':
      await runs.cancel(id, { thread_id });
      return undefined;
    case 'cancelled':
      await runs.cancel(id, { thread_id });
      return harness.runToEnd();
    case 'expired':
      await harness.clock.advance(600_000);
      return harness.runToEnd();
    default:
      return undefined;
  }
}

/** Creates an assistant, a thread and, where the state has one, a run. */
export async function createThreadState(harness: Harness, state: ThreadState): Promise<ThreadIds> {
  const { threads } = harness.openai.beta;
  const isEmpty = state === 'no message';
  const { id: A } = await createAssistant(harness, isEmpty ? { instructions: null } : {});
  const { id: T } = isEmpty ? await threads.create() : await createThread(harness);
  if (isEmpty || state === 'no run') return { A, T, R: '' };
  const run = await threads.runs.create(T, { assistant_id: A });
  await advanceRun(harness, state, run);
  return { A, T, R: run.id };
}

/** Replaces the letters in a text by their ids. */
export const withIds = (text: string, ids: ThreadIds): string =>
  text.replaceAll(/\b[ATR]\b/gu, (letter) => Reflect.get(ids, letter));
