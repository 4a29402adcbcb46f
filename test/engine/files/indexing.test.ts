import { expect, test } from 'vitest';
import { eventLoopTurn, waitUntil } from '../../support/clock.ts';
import { setup } from '../../support/engine.ts';
import { createAssistant, readRun } from '../../support/conversation.ts';

const attachments = [{ file_id: 'file-a', tools: [{ type: 'file_search' as const }] }];
const messages = [{ role: 'user' as const, content: 'When is sunrise?', attachments }];

/** A run whose file is found `indexing` milliseconds after it was attached. */
async function start(indexing: number) {
  const harness = await setup({ indexing });
  harness.storage.addFile('file-a');
  const tools = [{ type: 'file_search' as const }];
  const { id: assistant_id } = await createAssistant(harness, { tools });
  const run = await harness.openai.beta.threads.createAndRun({
    assistant_id,
    thread: { messages },
  });
  harness.upstream.respondWith({});
  await harness.engine.tick();
  const looks = () => harness.storage.requests.filter((asked) => asked.startsWith('GET')).length;
  await waitUntil(() => looks() > 0);
  return { ...harness, run, looks };
}

test('a run waits until its file can be found', async () => {
  const harness = await start(4000);
  await harness.clock.advance(3900);
  expect(harness.upstream.requests).toEqual([]);
  expect((await readRun(harness, harness.run)).status).toBe('in_progress');
  await harness.clock.advance(600);
  await harness.engine.idle();
  expect((await readRun(harness, harness.run)).status).toBe('completed');
  expect(harness.looks()).toBe(9);
});

test('it waits for a minute, and goes on', async () => {
  const harness = await start(1_000_000);
  await harness.clock.advance(59_900);
  expect(harness.upstream.requests).toEqual([]);
  await harness.clock.advance(100);
  await harness.engine.idle();
  expect((await readRun(harness, harness.run)).status).toBe('completed');
  expect(harness.logLines.join('')).toContain('run continues before its files are indexed');
});

test('it can be cancelled meanwhile', async () => {
  const harness = await start(50_000);
  await harness.openai.beta.threads.runs.cancel(harness.run.id, {
    thread_id: harness.run.thread_id,
  });
  await harness.runToEnd();
  expect((await readRun(harness, harness.run)).status).toBe('cancelled');
  const looks = harness.looks();
  await harness.clock.advance(60_000);
  await eventLoopTurn();
  expect([harness.upstream.requests, harness.looks()]).toEqual([[], looks]);
});

test('a store that is gone keeps no run waiting', async () => {
  const harness = await setup();
  const { id: assistant_id } = await createAssistant(harness, {
    tools: [{ type: 'file_search' }],
    tool_resources: { file_search: { vector_store_ids: ['vs_gone'] } },
  });
  const thread = { messages: [{ role: 'user' as const, content: 'When is sunrise?' }] };
  const run = await harness.openai.beta.threads.createAndRun({ assistant_id, thread });
  harness.upstream.respondWith({});
  await harness.runToEnd();
  expect((await readRun(harness, run)).status).toBe('completed');
  expect(harness.logLines.join('')).toContain('indexing state unknown');
});
