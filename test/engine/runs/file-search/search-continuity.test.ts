import { expect, test } from 'vitest';
import { createClock, start } from '../../../support/clock.ts';
import { toolCall } from '../../../support/chat-replies.ts';
import {
  readMessages,
  readRun,
  readSteps,
  submitOutputs,
  textOf,
  weatherTool,
} from '../../../support/conversation.ts';
import { setup } from '../../../support/engine.ts';
import { ask, lastText, searchCalls, setupSearch, toolTexts } from '../../../support/searching.ts';
import { testDatabase } from '../../../support/test-database.ts';
import { temporary } from '../../../support/temporary-files.ts';
import { createStore } from '../../../support/transfer.ts';
import { createGate } from '../../../support/upstream.ts';
import { textMessage } from '../../../support/upstream-items.ts';

const search = (query: string) => toolCall('file_search', { query });
const tools = [{ type: 'file_search' as const }, weatherTool];

test('a run killed between two calls of a turn repeats the turn, and doubles nothing', async () => {
  const database = temporary();
  const dead = await setupSearch({ database });
  const gate = createGate();
  dead.chat.respondWith({ calls: [search('Oslo')] }, { text: 'It op', gate });
  const run = await ask(dead, 'Oslo?');
  await dead.engine.tick();
  await gate.reached;
  expect(await searchCalls(dead, run)).toHaveLength(1);
  const clock = createClock(start + 120_000);
  const harness = await setupSearch({ database, ids: dead.ids, clock });
  harness.chat.respondWith({ calls: [search('Oslo')] }, { text: 'It opens at 8【1】.' });
  harness.engine.start();
  await clock.advance(5000);
  await harness.engine.idle();
  const ended = await readRun(harness, run);
  expect([ended.status, ended.usage?.total_tokens]).toEqual(['completed', 30]);
  expect(await searchCalls(harness, run)).toHaveLength(1);
  const messages = await readMessages(harness, run.thread_id);
  expect(messages.map(textOf)).toEqual(['Oslo?', 'It opens at 8【0:0†handbook.txt】.']);
  const steps = await readSteps(harness, run);
  expect(steps.map(({ status, type }) => [status, type])).toEqual([
    ['completed', 'tool_calls'],
    ['completed', 'message_creation'],
  ]);
});

/** A run that waits for outputs, after a search in the same turn. */
async function waitAfterSearch(database: string) {
  const harness = await setupSearch({ database });
  harness.chat.respondWith(
    { calls: [search('office Oslo')] },
    { calls: [toolCall('get_weather', { city: 'Oslo' }, 'call_weather')] },
  );
  const run = await ask(harness, 'Oslo?', { tools });
  await harness.runToEnd();
  const waiting = await readRun(harness, run);
  expect(waiting.status).toBe('requires_action');
  return { harness, run: waiting };
}

// Import and export open the file that the test names.
test.skipIf(testDatabase.isPostgres)(
  'a run that was exported and imported continues with what it had found',
  async () => {
    const source = temporary();
    const { run } = await waitAfterSearch(source);
    const lines = (await createStore(source).exportAll()).stdout;
    const database = temporary();
    expect(await createStore(database).importText(lines)).toMatchObject({ code: 0 });
    const harness = await setupSearch({ database });
    harness.chat.respondWith({ text: 'Open【1】.' });
    await submitOutputs(harness, run, 'snow');
    await harness.runToEnd();
    expect(toolTexts(harness.chat.sent())).toEqual([
      expect.stringContaining('The office in Oslo opens at 8'),
      'snow',
    ]);
    expect(await lastText(harness, run.thread_id)).toBe('Open【0:0†handbook.txt】.');
  },
);

test('another model API gets the searches as calls with outputs', async () => {
  const database = temporary();
  const { harness: earlier, run } = await waitAfterSearch(database);
  const harness = await setup({ database, ids: earlier.ids, model: 'responses' });
  harness.upstream.respondWith({ output: [textMessage('Open.')] });
  await submitOutputs(harness, run, 'snow');
  await harness.runToEnd();
  expect((await readRun(harness, run)).status).toBe('completed');
  const { input } = harness.upstream.sent();
  const items = Array.isArray(input) ? input : [];
  expect(items.map((item) => item.type ?? ('role' in item ? item.role : ''))).toEqual([
    'user',
    'function_call',
    'function_call_output',
    'function_call',
    'function_call_output',
  ]);
  expect(items[2]).toMatchObject({ output: expect.stringContaining('opens at 8') });
});
