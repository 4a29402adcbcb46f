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

const [responses, chat] = executors;
const twoCalls = {
  text: 'Let me see.',
  thought: 'gAAAA',
  calls: [
    toolCall('get_weather', { city: 'Oslo' }, 'call_one'),
    toolCall('get_weather', { city: 'Rome' }, 'call_two'),
  ],
};

/** Submits the tool outputs of a run that another engine started, and runs it to its end. */
async function finishRun(
  harness: ExecutorHarness,
  run: { id: string; thread_id: string },
): Promise<string> {
  harness.respondWith({ text: 'Cold in both.' });
  await submitOutputs(harness, await readRun(harness, run));
  await harness.runToEnd();
  const { status, last_error } = await readRun(harness, run);
  expect([status, last_error]).toEqual(['completed', null]);
  const [, ...replies] = await readMessages(harness, run.thread_id);
  expect(replies.map(textOf).at(-1)).toBe('Cold in both.');
  return JSON.stringify(harness.sent());
}

describe.each([
  { from: responses, to: chat },
  { from: chat, to: responses },
])('a run that the $from.name model started and the $to.name model continues', ({ from, to }) => {
  test('sends the earlier text, calls and outputs, without the encrypted reasoning', async () => {
    const database = temporary();
    const first = await from.open({ database });
    first.respondWith(twoCalls);
    const { run } = await createRun(first);
    await first.runToEnd();
    const sent = await finishRun(await to.open({ database, ids: first.ids }), run);
    for (const part of ['Let me see.', 'call_one', 'call_two', 'Oslo', 'Rome', '-3C, snow']) {
      expect(sent).toContain(part);
    }
    expect(sent).not.toContain('gAAAA');
  });
});

test.each(executors)(
  'a run that the scripted model started continues with the $name model',
  async ({ open }) => {
    const database = temporary();
    const first = await setup({ database, model: 'scripted' });
    const { run } = await createRun(first);
    await first.runToEnd();
    const sent = await finishRun(await open({ database, ids: first.ids }), run);
    expect(sent).toContain('get_weather');
    expect(sent).toContain('-3C, snow');
  },
);
