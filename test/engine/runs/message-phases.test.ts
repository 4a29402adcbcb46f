import { describe, expect, test } from 'vitest';
import { setup } from '../../support/engine.ts';
import { temporary } from '../../support/temporary-files.ts';
import { createRun, readMessages, readRun, readSteps } from '../../support/conversation.ts';
import { createGate, type Turn } from '../../support/upstream.ts';
import { functionCall, textMessage } from '../../support/upstream-items.ts';

/* A run that is to end, ends at once, wherever its model is just then. */

/** Seconds of a run: fewer than a model may be silent. */
const lifetime = 200;

const call = functionCall('get_weather', { city: 'Oslo' });

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
  [
    'between a message and a call',
    { output: [textMessage('Well.'), call], before: 'response.completed' },
  ],
  ['before the end of the stream', { before: 'response.completed' }],
] as const satisfies [string, Turn][];

/** An engine whose model has come so far and no further. */
async function standing(turn: Turn) {
  const database = temporary();
  const harness = await setup({ database, runLifetime: lifetime });
  const gate = createGate();
  harness.upstream.respondWith({ output: [textMessage('Snow.')], ...turn, gate });
  harness.engine.start();
  const made = await createRun(harness);
  await gate.reached;
  return { it: harness, database, ...made };
}

type Standing = Awaited<ReturnType<typeof standing>>;

/** How a run has ended: whether its call was broken off, and what it left to the next. */
async function outcome({ it: harness, run, thread_id, assistant_id }: Standing) {
  await harness.engine.idle();
  const { status } = await readRun(harness, run);
  const isBrokenOff = harness.upstream.requests.map(({ signal }) => signal?.aborted);
  const left = [...(await readSteps(harness, run)), ...(await readMessages(harness, thread_id))];
  const isOpen = left.some((object) => object.status === 'in_progress');
  harness.upstream.respondWith({});
  const next = await harness.openai.beta.threads.runs.create(thread_id, { assistant_id });
  await harness.engine.idle();
  return { status, isBrokenOff, isOpen, next: (await readRun(harness, next)).status };
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
    const { it: harness, run, thread_id } = stood;
    await harness.openai.beta.threads.runs.cancel(run.id, { thread_id });
    expect(await outcome(stood)).toEqual(cleanly('cancelled'));
  });

  test('a run expires on time', async () => {
    const stood = await standing(turn);
    const { it: harness, run } = stood;
    await harness.clock.advance((lifetime - 1) * 1000);
    expect((await readRun(harness, run)).status).toBe('in_progress');
    await harness.clock.advance(1000);
    expect(await outcome(stood)).toEqual(cleanly('expired'));
  });

  test('a run is handed back at once', async () => {
    const { it: harness, run, database } = await standing(turn);
    await harness.engine.stop(0);
    expect(harness.upstream.requests.map(({ signal }) => signal?.aborted)).toEqual([true]);
    const next = await setup({ database, ids: harness.ids });
    next.upstream.respondWith({});
    await next.runToEnd();
    expect((await readRun(next, run)).status).toBe('completed');
    expect(await readSteps(next, run)).toHaveLength(1);
  });
});
