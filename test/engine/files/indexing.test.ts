import { expect, test } from 'vitest';
import { turn, until } from '../../support/clock.ts';
import { setup } from '../../support/engine.ts';
import { createAssistant, readRun } from '../../support/conversation.ts';

const attachments = [{ file_id: 'file-a', tools: [{ type: 'file_search' as const }] }];
const messages = [{ role: 'user' as const, content: 'When is sunrise?', attachments }];

/** A run whose file is found `indexing` milliseconds after it was attached. */
async function start(indexing: number) {
  const it = await setup({ indexing });
  it.storage.keep('file-a');
  const tools = [{ type: 'file_search' as const }];
  const { id: assistant_id } = await createAssistant(it, { tools });
  const run = await it.openai.beta.threads.createAndRun({ assistant_id, thread: { messages } });
  it.upstream.will({});
  await it.engine.tick();
  const looks = () => it.storage.asked.filter((asked) => asked.startsWith('GET')).length;
  await until(() => looks() > 0);
  return { ...it, run, looks };
}

test('a run waits until its file can be found', async () => {
  const it = await start(4000);
  await it.clock.advance(3900);
  expect(it.upstream.requests).toEqual([]);
  expect((await readRun(it, it.run)).status).toBe('in_progress');
  await it.clock.advance(600);
  await it.engine.idle();
  expect((await readRun(it, it.run)).status).toBe('completed');
  expect(it.looks()).toBe(9);
});

test('it waits for a minute, and goes on', async () => {
  const it = await start(1_000_000);
  await it.clock.advance(59_900);
  expect(it.upstream.requests).toEqual([]);
  await it.clock.advance(100);
  await it.engine.idle();
  expect((await readRun(it, it.run)).status).toBe('completed');
  expect(it.lines.join('')).toContain('run goes on before its files can be found');
});

test('it can be cancelled meanwhile', async () => {
  const it = await start(50_000);
  await it.openai.beta.threads.runs.cancel(it.run.id, { thread_id: it.run.thread_id });
  await it.runToEnd();
  expect((await readRun(it, it.run)).status).toBe('cancelled');
  const looks = it.looks();
  await it.clock.advance(60_000);
  await turn();
  expect([it.upstream.requests, it.looks()]).toEqual([[], looks]);
});

test('a store that is gone keeps no run waiting', async () => {
  const it = await setup();
  const { id: assistant_id } = await createAssistant(it, {
    tools: [{ type: 'file_search' }],
    tool_resources: { file_search: { vector_store_ids: ['vs_gone'] } },
  });
  const thread = { messages: [{ role: 'user' as const, content: 'When is sunrise?' }] };
  const run = await it.openai.beta.threads.createAndRun({ assistant_id, thread });
  it.upstream.will({});
  await it.runToEnd();
  expect((await readRun(it, run)).status).toBe('completed');
});
