import { expect, test } from 'vitest';
import { createIds } from '../../support/clock.ts';
import { setup, type Harness } from '../../support/engine.ts';
import {
  createRun,
  readMessages,
  readRun,
  readSteps,
  apiErrorOf,
  submitOutputs,
} from '../../support/conversation.ts';
import { functionCall } from '../../support/upstream-items.ts';

/** An engine whose ids have no prefix and characters that URLs must encode. */
function setupWithOldIds(): Promise<Harness> {
  const ids = createIds();
  const newId = (prefix: string) => `${ids.newId('').slice(-3)} ü/${prefix}?#%`;
  return setup({ oldIds: true, ids: { newId, newRequestId: () => ids.newRequestId() } });
}

test('serves existing objects whatever the shape of their ids', async () => {
  const harness = await setupWithOldIds();
  harness.upstream.respondWith({ output: [functionCall('get_weather', {}, 'call_1')] }, {});
  const { run, thread_id, assistant_id } = await createRun(harness);
  expect(run.id).toMatch(/^\d{3} ü\/run_\?#%$|^[0-9a-z]{3} ü\/run_\?#%$/u);
  await harness.runToEnd();
  await submitOutputs(harness, await readRun(harness, run));
  await harness.runToEnd();
  expect((await readRun(harness, run)).status).toBe('completed');
  const [step] = await readSteps(harness, run);
  const params = { thread_id, run_id: run.id };
  const { runs, messages } = harness.openai.beta.threads;
  expect(await runs.steps.retrieve(step?.id ?? '', params)).toEqual(step);
  const [message] = await readMessages(harness, thread_id);
  expect(await messages.retrieve(message?.id ?? '', { thread_id })).toEqual(message);
  expect((await harness.openai.beta.assistants.retrieve(assistant_id)).id).toBe(assistant_id);
  const page = await messages.list(thread_id, { after: message?.id ?? '', order: 'asc' });
  expect(page.data).toHaveLength(1);
});

test('answers 400 for a missing object whose id has the wrong shape', async () => {
  const harness = await setupWithOldIds();
  expect((await apiErrorOf(harness.openai.beta.threads.retrieve('550e8400-e29b'))).message).toBe(
    "Invalid 'thread_id': '550e8400-e29b'. Expected an ID that begins with 'thread'.",
  );
});
