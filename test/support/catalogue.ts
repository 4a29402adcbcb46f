import type { Harness } from './engine.ts';
import { createAssistant, createThread } from './conversation.ts';
import { createGate } from './upstream.ts';
import { functionCall } from './upstream-items.ts';

/** What a thread has come to before the request of a row is made. */
export type ThreadState =
  | 'no run'
  | 'silent'
  | 'queued'
  | 'in_progress'
  | 'requires_action'
  | 'cancelling'
  | 'completed'
  | 'failed'
  | 'cancelled'
  | 'expired';

/** A row of the catalogue, by its number, with a request and its answer. */
export type Row = [
  row: number,
  name: string,
  request: [method: string, path: string, body?: unknown],
  answer: [status: number, message: string, param?: string | null, code?: string | null],
  world?: ThreadState,
];

/** Ids of what is there, by the letters that stand for them in the table. */
export type ThreadIds = Readonly<Record<'A' | 'T' | 'R', string>>;

/** Takes a queued run to where the table wants it. */
async function bring(harness: Harness, world: ThreadState, run: { id: string; thread_id: string }) {
  const { runs } = harness.openai.beta.threads;
  const { id, thread_id } = run;
  const gate = createGate();
  const two = [
    functionCall('get_weather', {}, 'call_a'),
    functionCall('get_weather', {}, 'call_b'),
  ];
  switch (world) {
    case 'in_progress':
      harness.upstream.respondWith({ gate });
      await harness.engine.tick();
      return gate.reached;
    case 'requires_action':
      harness.upstream.respondWith({ output: two });
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

/** Makes an assistant, a thread and, where the world has one, a run. */
export async function createThreadState(harness: Harness, world: ThreadState): Promise<ThreadIds> {
  const { threads } = harness.openai.beta;
  const isSilent = world === 'silent';
  const { id: A } = await createAssistant(harness, isSilent ? { instructions: null } : {});
  const { id: T } = isSilent ? await threads.create() : await createThread(harness);
  if (isSilent || world === 'no run') return { A, T, R: '' };
  const run = await threads.runs.create(T, { assistant_id: A });
  await bring(harness, world, run);
  return { A, T, R: run.id };
}

/** The text with the ids in place of their letters. */
export const withIds = (text: string, letters: ThreadIds): string =>
  text.replaceAll(/\b[ATR]\b/gu, (letter) => Reflect.get(letters, letter));
