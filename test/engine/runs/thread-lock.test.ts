import { expect, test } from 'vitest';
import { setup, type Harness } from '../../support/engine.ts';
import {
  createAssistant,
  createRun,
  createThread,
  readMessages,
  readRun,
  apiErrorOf,
} from '../../support/conversation.ts';
import { createGate } from '../../support/upstream.ts';
import { functionCall } from '../../support/upstream-items.ts';

/** Expects that the thread of an active run accepts neither messages nor runs. */
async function expectLocked(
  harness: Harness,
  run: { id: string; thread_id: string },
  assistant_id: string,
) {
  const { thread_id } = run;
  const { messages, runs } = harness.openai.beta.threads;
  const messageError = await apiErrorOf(
    messages.create(thread_id, { role: 'user', content: 'Hello?' }),
  );
  const runError = await apiErrorOf(runs.create(thread_id, { assistant_id }));
  const common = { status: 400, type: 'invalid_request_error', param: null, code: null };
  expect([messageError, runError]).toEqual([
    { ...common, message: `Can't add messages to ${thread_id} while a run ${run.id} is active.` },
    { ...common, message: `Thread ${thread_id} already has an active run ${run.id}.` },
  ]);
}

test('an active run locks its thread in every status', async () => {
  const harness = await setup();
  const gate = createGate();
  harness.upstream.respondWith({ output: [functionCall('get_weather', { city: 'Oslo' })], gate });
  const { run, assistant_id } = await createRun(harness);
  await expectLocked(harness, run, assistant_id);
  await harness.engine.tick();
  await gate.reached;
  expect((await readRun(harness, run)).status).toBe('in_progress');
  await expectLocked(harness, run, assistant_id);
  gate.open();
  await harness.engine.idle();
  expect((await readRun(harness, run)).status).toBe('requires_action');
  await expectLocked(harness, run, assistant_id);
});

test('exactly one of twenty concurrent requests creates a run', async () => {
  const harness = await setup();
  const { id: assistant_id } = await createAssistant(harness);
  const { id } = await createThread(harness);
  const responses = await Promise.all(
    Array.from({ length: 20 }, () =>
      harness.request('POST', `/threads/${id}/runs`, {
        assistant_id,
        additional_messages: [{ role: 'user', content: 'Me first.' }],
      }),
    ),
  );
  const created = responses.filter(({ status }) => status === 200);
  expect(created).toHaveLength(1);
  const rejected = responses.filter(({ status }) => status === 400);
  expect(new Set(rejected.map(({ body }) => body.error.message))).toEqual(
    new Set([`Thread ${id} already has an active run ${created[0]?.body.id}.`]),
  );
  expect(rejected).toHaveLength(19);
  expect(await readMessages(harness, id)).toHaveLength(2);
});

test('a rejected run adds no additional messages', async () => {
  const harness = await setup();
  const { thread_id, assistant_id } = await createRun(harness);
  const before = await readMessages(harness, thread_id);
  const additional_messages = [{ role: 'user' as const, content: 'And now?' }];
  const { runs } = harness.openai.beta.threads;
  await apiErrorOf(runs.create(thread_id, { assistant_id, additional_messages }));
  expect(await readMessages(harness, thread_id)).toEqual(before);
});

test('a locked thread can be updated, and its messages updated and deleted', async () => {
  const harness = await setup();
  const { thread_id } = await createRun(harness);
  const { threads } = harness.openai.beta;
  const [message] = await readMessages(harness, thread_id);
  const update = { metadata: { a: '1' } };
  expect(await threads.update(thread_id, update)).toMatchObject(update);
  const id = message?.id ?? '';
  expect(await threads.messages.update(id, { thread_id, ...update })).toMatchObject(update);
  expect(await threads.messages.delete(id, { thread_id })).toMatchObject({ deleted: true });
});

test('a run locks only its own thread', async () => {
  const harness = await setup();
  const { assistant_id } = await createRun(harness);
  const other = await createThread(harness);
  const run = await harness.openai.beta.threads.runs.create(other.id, { assistant_id });
  expect(run.status).toBe('queued');
});

test('at most `concurrency` runs are executed at once', async () => {
  const harness = await setup({ concurrency: 2 });
  const gates = [createGate(), createGate(), createGate()];
  harness.upstream.respondWith(...gates.map((gate) => ({ gate })));
  const runs = [await createRun(harness), await createRun(harness), await createRun(harness)];
  await harness.engine.tick();
  await Promise.all([gates[0]?.reached, gates[1]?.reached]);
  await harness.engine.tick();
  const statuses = async () =>
    Promise.all(runs.map(async ({ run }) => (await readRun(harness, run)).status));
  expect(await statuses()).toEqual(['in_progress', 'in_progress', 'queued']);
  for (const gate of gates) gate.open();
  await harness.engine.idle();
  await harness.runToEnd();
  expect(await statuses()).toEqual(['completed', 'completed', 'completed']);
});
