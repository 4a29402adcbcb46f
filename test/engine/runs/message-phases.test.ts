import { describe, expect, test } from 'vitest';
import { setup } from '../../support/engine.ts';
import { temporary } from '../../support/temporary-files.ts';
import { createRun, readMessages, readRun, readSteps } from '../../support/conversation.ts';
import { createGate, type Turn } from '../../support/upstream.ts';
import { functionCall, textMessage } from '../../support/upstream-items.ts';

/* A run can be ended in every phase of its model call. */

/** Shorter than the stall timeout of a model call. */
const lifetimeSeconds = 200;

const call = functionCall('get_weather', { city: 'Oslo' });

const phases = [
  ['before the model answers', { before: 'response' }],
  ['before the stream starts', { before: 'response.created' }],
  ['before any output', { before: 'response.output_item.added' }],
  ['before the first text of a message', { before: 'response.output_text.delta' }],
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

/** A run whose model call is held in this phase. */
async function runHeldAt(turn: Turn) {
  const database = temporary();
  const harness = await setup({ database, runLifetime: lifetimeSeconds });
  const gate = createGate();
  harness.upstream.respondWith({ output: [textMessage('Snow.')], ...turn, gate });
  harness.engine.start();
  const created = await createRun(harness);
  await gate.reached;
  return { harness, database, ...created };
}

type HeldRun = Awaited<ReturnType<typeof runHeldAt>>;

/** How a run ended: whether its model call was aborted, and whether the next run works. */
async function observeEnd({ harness, run, thread_id, assistant_id }: HeldRun) {
  await harness.engine.idle();
  const { status } = await readRun(harness, run);
  const isAborted = harness.upstream.requests.map(({ signal }) => signal?.aborted);
  const objects = [...(await readSteps(harness, run)), ...(await readMessages(harness, thread_id))];
  const isOpen = objects.some((object) => object.status === 'in_progress');
  harness.upstream.respondWith({});
  const next = await harness.openai.beta.threads.runs.create(thread_id, { assistant_id });
  await harness.engine.idle();
  return { status, isAborted, isOpen, next: (await readRun(harness, next)).status };
}

const cleanEnd = (status: string) => ({
  status,
  isAborted: [true],
  isOpen: false,
  next: 'completed',
});

describe.each(phases)('%s', (_, turn) => {
  test('a run can be cancelled at once', async () => {
    const held = await runHeldAt(turn);
    const { harness, run, thread_id } = held;
    await harness.openai.beta.threads.runs.cancel(run.id, { thread_id });
    expect(await observeEnd(held)).toEqual(cleanEnd('cancelled'));
  });

  test('a run expires on time', async () => {
    const held = await runHeldAt(turn);
    const { harness, run } = held;
    await harness.clock.advance((lifetimeSeconds - 1) * 1000);
    expect((await readRun(harness, run)).status).toBe('in_progress');
    await harness.clock.advance(1000);
    expect(await observeEnd(held)).toEqual(cleanEnd('expired'));
  });

  test('a run is released at once when the engine stops', async () => {
    const { harness, run, database } = await runHeldAt(turn);
    await harness.engine.stop(0);
    expect(harness.upstream.requests.map(({ signal }) => signal?.aborted)).toEqual([true]);
    const next = await setup({ database, ids: harness.ids });
    next.upstream.respondWith({});
    await next.runToEnd();
    expect((await readRun(next, run)).status).toBe('completed');
    expect(await readSteps(next, run)).toHaveLength(1);
  });
});
