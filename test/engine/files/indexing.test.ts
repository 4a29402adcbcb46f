import { expect, test } from 'vitest';
import { eventLoopTurn, waitUntil } from '../../support/clock.ts';
import { setup } from '../../support/engine.ts';
import { createAssistant, readRun } from '../../support/conversation.ts';

const attachments = [{ file_id: 'file-a', tools: [{ type: 'file_search' as const }] }];
const messages = [{ role: 'user' as const, content: 'When is sunrise?', attachments }];

/** Starts a run whose file is indexed so many milliseconds after it was attached. */
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
  const polls = () =>
    harness.storage.requests.filter((request) => request.startsWith('GET')).length;
  await waitUntil(() => polls() > 0);
  return { ...harness, run, polls };
}

test('a run waits until its file is indexed', async () => {
  const harness = await start(4000);
  await harness.clock.advance(3900);
  expect(harness.upstream.requests).toEqual([]);
  expect((await readRun(harness, harness.run)).status).toBe('in_progress');
  await harness.clock.advance(600);
  await harness.engine.idle();
  expect((await readRun(harness, harness.run)).status).toBe('completed');
  expect(harness.polls()).toBe(9);
});

test('a run continues after one minute if its file is not indexed yet', async () => {
  const harness = await start(1_000_000);
  await harness.clock.advance(59_900);
  expect(harness.upstream.requests).toEqual([]);
  await harness.clock.advance(100);
  await harness.engine.idle();
  expect((await readRun(harness, harness.run)).status).toBe('completed');
  expect(harness.logLines.join('')).toContain('run continues before its files are indexed');
});

test('a run that waits for indexing can be cancelled', async () => {
  const harness = await start(50_000);
  await harness.openai.beta.threads.runs.cancel(harness.run.id, {
    thread_id: harness.run.thread_id,
  });
  await harness.runToEnd();
  expect((await readRun(harness, harness.run)).status).toBe('cancelled');
  const polls = harness.polls();
  await harness.clock.advance(60_000);
  await eventLoopTurn();
  expect([harness.upstream.requests, harness.polls()]).toEqual([[], polls]);
});

test('a run does not wait for a vector store that does not exist', async () => {
  const harness = await setup();
  const { id: assistant_id } = await createAssistant(harness, { tools: [{ type: 'file_search' }] });
  const thread = {
    messages: [{ role: 'user' as const, content: 'When is sunrise?' }],
    tool_resources: { file_search: { vector_store_ids: ['vs_gone'] } },
  };
  const run = await harness.openai.beta.threads.createAndRun({ assistant_id, thread });
  harness.upstream.respondWith({});
  await harness.runToEnd();
  expect((await readRun(harness, run)).status).toBe('completed');
  expect(harness.logLines.join('')).toContain('indexing state unknown');
});

test('a run does not wait for the vector store of its assistant', async () => {
  const harness = await setup({ indexing: 50_000 });
  harness.storage.addFile('file-a');
  const { id: assistant_id } = await createAssistant(harness, {
    tools: [{ type: 'file_search' }],
    tool_resources: { file_search: { vector_stores: [{ file_ids: ['file-a'] }] } },
  });
  const thread = { messages: [{ role: 'user' as const, content: 'When is sunrise?' }] };
  const run = await harness.openai.beta.threads.createAndRun({ assistant_id, thread });
  harness.upstream.respondWith({});
  await harness.runToEnd();
  expect((await readRun(harness, run)).status).toBe('completed');
});
