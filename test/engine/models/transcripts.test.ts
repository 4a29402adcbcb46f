import { describe, expect, test } from 'vitest';
import { setup } from '../../support/engine.ts';
import { executors, type ExecutorHarness } from '../../support/executors.ts';
import { temporary } from '../../support/temporary-files.ts';
import { toolCall } from '../../support/chat-replies.ts';
import {
  createRun,
  readMessages,
  readRun,
  submitOutputs,
  textOf,
} from '../../support/conversation.ts';

/* A run that waits while the server is started anew with another --model-api goes on all the same. */

const [responses, chat] = executors;
const twoCalls = {
  text: 'Let me see.',
  thought: 'gAAAA',
  calls: [
    toolCall('get_weather', { city: 'Oslo' }, 'call_one'),
    toolCall('get_weather', { city: 'Rome' }, 'call_two'),
  ],
};

/** Answers the calls of a run that another engine has begun, and takes it to its end. */
async function goOn(
  harness: ExecutorHarness,
  run: { id: string; thread_id: string },
): Promise<string> {
  harness.respondWith({ text: 'Cold in both.' });
  await submitOutputs(harness, await readRun(harness, run));
  await harness.runToEnd();
  const { status, last_error } = await readRun(harness, run);
  expect([status, last_error]).toEqual(['completed', null]);
  const [, ...said] = await readMessages(harness, run.thread_id);
  expect(said.map(textOf).at(-1)).toBe('Cold in both.');
  return JSON.stringify(harness.sent());
}

describe.each([
  { from: responses, to: chat },
  { from: chat, to: responses },
])('begun by $from.name, continued by $to.name', ({ from, to }) => {
  test('says and calls what it did', async () => {
    const database = temporary();
    const first = await from.open({ database });
    first.respondWith(twoCalls);
    const { run } = await createRun(first);
    await first.runToEnd();
    const sent = await goOn(await to.open({ database, ids: first.ids }), run);
    for (const part of ['Let me see.', 'call_one', 'call_two', 'Oslo', 'Rome', '-3C, snow']) {
      expect(sent).toContain(part);
    }
    expect(sent).not.toContain('gAAAA');
  });
});

test.each(executors)('begun by the scripted model, continued by $name', async ({ open }) => {
  const database = temporary();
  const first = await setup({ database, model: 'scripted' });
  const { run } = await createRun(first);
  await first.runToEnd();
  const sent = await goOn(await open({ database, ids: first.ids }), run);
  expect(sent).toContain('get_weather');
  expect(sent).toContain('-3C, snow');
});
