import type { Setup } from './engine.ts';
import { createAssistant, createThread } from './conversation.ts';
import { createGate } from './upstream.ts';
import { calls } from './upstream-items.ts';

/** What a thread has come to before the request of a row is made. */
export type World =
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
  world?: World,
];

/** Ids of what is there, by the letters that stand for them in the table. */
export type Letters = Readonly<Record<'A' | 'T' | 'R', string>>;

/** Takes a queued run to where the table wants it. */
async function bring(it: Setup, world: World, run: { id: string; thread_id: string }) {
  const { runs } = it.openai.beta.threads;
  const { id, thread_id } = run;
  const gate = createGate();
  const two = [calls('get_weather', {}, 'call_a'), calls('get_weather', {}, 'call_b')];
  switch (world) {
    case 'in_progress':
      it.upstream.will({ gate });
      await it.engine.tick();
      return gate.reached;
    case 'requires_action':
      it.upstream.will({ output: two });
      return it.runToEnd();
    case 'completed':
      it.upstream.will({});
      return it.runToEnd();
    case 'failed':
      it.upstream.will({ failed: { code: 'invalid_prompt', message: 'No.' } });
      return it.runToEnd();
    case 'cancelling':
      await runs.cancel(id, { thread_id });
      return undefined;
    case 'cancelled':
      await runs.cancel(id, { thread_id });
      return it.runToEnd();
    case 'expired':
      await it.clock.advance(600_000);
      return it.runToEnd();
    default:
      return undefined;
  }
}

/** Makes an assistant, a thread and, where the world has one, a run. */
export async function create(it: Setup, world: World): Promise<Letters> {
  const { threads } = it.openai.beta;
  const isSilent = world === 'silent';
  const { id: A } = await createAssistant(it, isSilent ? { instructions: null } : {});
  const { id: T } = isSilent ? await threads.create() : await createThread(it);
  if (isSilent || world === 'no run') return { A, T, R: '' };
  const run = await threads.runs.create(T, { assistant_id: A });
  await bring(it, world, run);
  return { A, T, R: run.id };
}

/** The text with the ids in place of their letters. */
export const put = (text: string, letters: Letters): string =>
  text.replaceAll(/\b[ATR]\b/gu, (letter) => Reflect.get(letters, letter));
