import type OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { setup, type Harness, type HarnessOptions } from '../../support/engine.ts';
import { temporary } from '../../support/temporary-files.ts';
import { readRun, readSteps } from '../../support/conversation.ts';
import { functionCall, codeCall, textMessage } from '../../support/upstream-items.ts';
import type { Turn } from '../../support/upstream.ts';

const tools = [{ type: 'code_interpreter' as const }];
const auto = (...file_ids: string[]) => ({ type: 'auto', file_ids });
const codeTurn = (container: string, code = 'x') => ({ output: [codeCall(code, [], container)] });

/** The `container` of each request to the model endpoint. */
const containersOf = ({ upstream }: Harness) =>
  upstream.requests.map(({ body }) => {
    const tool = body.tools?.find(({ type }) => type === 'code_interpreter');
    return tool?.type === 'code_interpreter' ? tool.container : null;
  });

async function converse(options: HarnessOptions = {}, file_ids: string[] = []) {
  const harness = await setup(options);
  for (const id of ['file-a', 'file-b']) harness.storage.addFile(id, `<${id}>`);
  harness.storage.containers.set('cntr_one', new Map());
  const thread = await harness.openai.beta.threads.create({
    messages: [{ role: 'user', content: 'Count.' }],
  });
  const assistant = await harness.openai.beta.assistants.create({
    model: 'gpt-4.1',
    tools: [...tools, { type: 'function', function: { name: 'f' } }],
    tool_resources: { code_interpreter: { file_ids } },
  });
  const runTurns = async (...turns: Turn[]) => {
    harness.upstream.respondWith(...turns);
    const run = await harness.openai.beta.threads.runs.create(thread.id, {
      assistant_id: assistant.id,
    });
    await harness.runToEnd();
    return readRun(harness, run);
  };
  return { harness, thread, runTurns };
}

const attach = (harness: Harness, { id }: OpenAI.Beta.Thread, file_id: string) =>
  harness.openai.beta.threads.messages.create(id, {
    role: 'user',
    content: 'And this.',
    attachments: [{ file_id, tools }],
  });

test('the next run of a thread uses the container of the first run', async () => {
  const { harness, runTurns } = await converse({}, ['file-a']);
  await runTurns(codeTurn('cntr_one'));
  await runTurns(codeTurn('cntr_one'));
  expect(containersOf(harness)).toEqual([auto('file-a'), 'cntr_one']);
});

test('the next model call of a run uses the container of the first call', async () => {
  const { harness, runTurns } = await converse();
  const { id, thread_id, required_action } = await runTurns({
    output: [codeCall('x', [], 'cntr_one'), functionCall('f', {}, 'call_1')],
  });
  expect(required_action?.submit_tool_outputs.tool_calls).toHaveLength(1);
  harness.upstream.respondWith(codeTurn('cntr_one'));
  const tool_outputs = [{ tool_call_id: 'call_1', output: '1' }];
  await harness.openai.beta.threads.runs.submitToolOutputs(id, { thread_id, tool_outputs });
  await harness.runToEnd();
  expect(containersOf(harness)).toEqual([auto(), 'cntr_one']);
});

test('another process uses the container of a thread, and another thread gets its own', async () => {
  const database = temporary();
  const { harness, thread, runTurns } = await converse({ database });
  const { assistant_id } = await runTurns(codeTurn('cntr_one'));
  const other = await setup({ database, ids: harness.ids, clock: harness.clock });
  other.upstream.respondWith(codeTurn('cntr_one'), {});
  await other.openai.beta.threads.runs.create(thread.id, { assistant_id });
  await other.runToEnd();
  const messages = [{ role: 'user' as const, content: 'Count.' }];
  await other.openai.beta.threads.createAndRun({ assistant_id, thread: { messages } });
  await other.runToEnd();
  expect(containersOf(other)).toEqual(['cntr_one', auto()]);
});

test('a file that is attached later is copied into the container of the thread', async () => {
  const { harness, thread, runTurns } = await converse({}, ['file-a']);
  await runTurns(codeTurn('cntr_one'));
  await attach(harness, thread, 'file-b');
  await runTurns(codeTurn('cntr_one'));
  await runTurns(codeTurn('cntr_one'));
  expect(containersOf(harness)).toEqual([auto('file-a'), 'cntr_one', 'cntr_one']);
  const contents = [...(harness.storage.containers.get('cntr_one')?.values() ?? [])];
  expect(await Promise.all(contents.map((content) => content.text()))).toEqual(['<file-b>']);
});

test('a new container gets all files if copying into the old one fails', async () => {
  const { harness, thread, runTurns } = await converse({}, ['file-a']);
  await runTurns(codeTurn('cntr_one'));
  harness.storage.containers.delete('cntr_one');
  await attach(harness, thread, 'file-b');
  const run = await runTurns(codeTurn('cntr_two'));
  expect(run.status).toBe('completed');
  expect(containersOf(harness)).toEqual([auto('file-a'), auto('file-a', 'file-b')]);
});

describe('a missing container is replaced', () => {
  const failures = [
    ['expired', { http: { status: 400, error: { message: 'Container is expired.' } } }],
    [
      'not found',
      { http: { status: 404, error: { message: "Container with id 'cntr_one' not found." } } },
    ],
    ['reported in the stream', { failed: { code: 'server_error', message: 'Container expired.' } }],
  ] satisfies [string, Turn][];

  test.each(failures)('in the same call if it is %s', async (_, failure) => {
    const { harness, runTurns } = await converse({}, ['file-a']);
    await runTurns(codeTurn('cntr_one'));
    const run = await runTurns(failure, {
      output: [codeCall('x', [], 'cntr_two'), textMessage('Done.')],
    });
    expect(run.status).toBe('completed');
    expect(await readSteps(harness, run)).toHaveLength(2);
    await runTurns(codeTurn('cntr_two'));
    expect(containersOf(harness)).toEqual([auto('file-a'), 'cntr_one', auto('file-a'), 'cntr_two']);
  });

  test('in the next run if the answer had already started', async () => {
    const { harness, runTurns } = await converse();
    await runTurns(codeTurn('cntr_one'));
    const errorEvent = { code: null, message: 'Container is expired.' };
    const run = await runTurns({ output: [textMessage('Let me see.')], errorEvent });
    expect(run.status).toBe('failed');
    await runTurns(codeTurn('cntr_two'));
    expect(containersOf(harness)).toEqual([auto(), 'cntr_one', auto()]);
  });

  test('only once in a call', async () => {
    const { harness, runTurns } = await converse();
    await runTurns(codeTurn('cntr_one'));
    const failure = { failed: { code: 'invalid_prompt', message: 'Container expired.' } };
    const run = await runTurns(failure, failure);
    expect(run).toMatchObject({ status: 'failed', last_error: { code: 'invalid_prompt' } });
    expect(containersOf(harness)).toEqual([auto(), 'cntr_one', auto()]);
  });
});

test('a thread with a container can be deleted', async () => {
  const { harness, thread, runTurns } = await converse();
  await runTurns(codeTurn('cntr_one'));
  expect(await harness.openai.beta.threads.delete(thread.id)).toMatchObject({ deleted: true });
});
