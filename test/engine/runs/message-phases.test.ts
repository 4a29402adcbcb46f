import { describe, expect, test } from 'vitest';
import { setup } from '../../support/engine.ts';
import { temporary } from '../../support/temporary-files.ts';
import { createRun, readMessages, readRun, readSteps } from '../../support/conversation.ts';
import { createGate, type Turn } from '../../support/upstream.ts';
import { calls, says } from '../../support/upstream-items.ts';

/* A run that is to end, ends at once, wherever its model is just then. */

/** Seconds of a run: fewer than a model may be silent. */
const lifetime = 200;

const call = calls('get_weather', { city: 'Oslo' });

const phases = [
  ['before the model answers', { before: 'answer' }],
  ['before the stream begins', { before: 'response.created' }],
  ['before anything is said', { before: 'response.output_item.added' }],
  ['before the first word of a message', { before: 'response.output_text.delta' }],
  ['in the middle of a message', { before: 'response.output_text.done' }],
  [
    'in the arguments of a call',
    { output: [call], before: 'response.function_call_arguments.done' },
  ],
  ['between a message and a call', { output: [says('Well.'), call], before: 'response.completed' }],
  ['before the end of the stream', { before: 'response.completed' }],
] as const satisfies [string, Turn][];

/** An engine whose model has come so far and no further. */
async function standing(turn: Turn) {
  const database = temporary();
  const it = await setup({ database, runLifetime: lifetime });
  const gate = createGate();
  it.upstream.will({ output: [says('Snow.')], ...turn, gate });
  it.engine.start();
  const made = await createRun(it);
  await gate.reached;
  return { it, database, ...made };
}

type Standing = Awaited<ReturnType<typeof standing>>;

/** How a run has ended: whether its call was broken off, and what it left to the next. */
async function outcome({ it, run, thread_id, assistant_id }: Standing) {
  await it.engine.idle();
  const { status } = await readRun(it, run);
  const isBrokenOff = it.upstream.requests.map(({ signal }) => signal?.aborted);
  const left = [...(await readSteps(it, run)), ...(await readMessages(it, thread_id))];
  const isOpen = left.some((object) => object.status === 'in_progress');
  it.upstream.will({});
  const next = await it.openai.beta.threads.runs.create(thread_id, { assistant_id });
  await it.engine.idle();
  return { status, isBrokenOff, isOpen, next: (await readRun(it, next)).status };
}

const cleanly = (status: string) => ({
  status,
  isBrokenOff: [true],
  isOpen: false,
  next: 'completed',
});

describe.each(phases)('%s', (_, turn) => {
  test('a run is cancelled at once', async () => {
    const stood = await standing(turn);
    const { it, run, thread_id } = stood;
    await it.openai.beta.threads.runs.cancel(run.id, { thread_id });
    expect(await outcome(stood)).toEqual(cleanly('cancelled'));
  });

  test('a run expires on time', async () => {
    const stood = await standing(turn);
    const { it, run } = stood;
    await it.clock.advance((lifetime - 1) * 1000);
    expect((await readRun(it, run)).status).toBe('in_progress');
    await it.clock.advance(1000);
    expect(await outcome(stood)).toEqual(cleanly('expired'));
  });

  test('a run is handed back at once', async () => {
    const { it, run, database } = await standing(turn);
    await it.engine.stop(0);
    expect(it.upstream.requests.map(({ signal }) => signal?.aborted)).toEqual([true]);
    const next = await setup({ database, ids: it.ids });
    next.upstream.will({});
    await next.runToEnd();
    expect((await readRun(next, run)).status).toBe('completed');
    expect(await readSteps(next, run)).toHaveLength(1);
  });
});
