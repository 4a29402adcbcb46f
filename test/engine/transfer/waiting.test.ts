import { expect, test } from 'vitest';
import { setup, type Harness } from '../../support/engine.ts';
import {
  assistant,
  ids,
  messageStep,
  openToolStep,
  question,
  reply,
  thread,
  toolStep,
  waitingRun,
} from '../../support/examples.ts';
import {
  createRun,
  readMessages,
  readRun,
  readSteps,
  submitOutputs,
  textOf,
} from '../../support/conversation.ts';
import { createStore, now, objectsIn, type Store } from '../../support/transfer.ts';
import { functionCall, reasoningItem, textMessage } from '../../support/upstream-items.ts';

const run = { id: ids.run, thread_id: ids.thread };

const openEngine = async ({ database }: Store): Promise<Harness> => {
  const harness = await setup({ database });
  await harness.clock.advance(10_000);
  return harness;
};

test('an imported run that requires tool outputs continues with them', async () => {
  const store = createStore();
  await store.importObjects([assistant, thread, question, waitingRun, openToolStep]);
  const harness = await openEngine(store);
  expect(await readRun(harness, run)).toEqual(waitingRun);
  harness.upstream.respondWith({ output: [textMessage('It snows.')], usage: [40, 4] });
  const queued = await submitOutputs(harness, await readRun(harness, run), 'snow');
  expect(queued).toMatchObject({ status: 'queued', expires_at: waitingRun.expires_at });
  await harness.runToEnd();

  const { function: calledFunction } =
    waitingRun.required_action.submit_tool_outputs.tool_calls[0] ?? {};
  expect(harness.upstream.sent().input).toEqual([
    { role: 'user', content: [{ type: 'input_text', text: 'Weather in Oslo?' }] },
    { type: 'function_call', call_id: ids.call, ...calledFunction },
    { type: 'function_call_output', call_id: ids.call, output: 'snow' },
  ]);
  expect(await readRun(harness, run)).toMatchObject({
    status: 'completed',
    usage: { prompt_tokens: 40, completion_tokens: 4 },
  });
  const [step] = await readSteps(harness, run);
  expect(step).toMatchObject({
    id: ids.toolStep,
    status: 'completed',
    step_details: { tool_calls: [{ function: { output: 'snow' } }] },
  });
  const [, newReply] = await readMessages(harness, ids.thread);
  expect(newReply && textOf(newReply)).toBe('It snows.');
});

test('a run that requires tool outputs continues without its steps', async () => {
  const store = createStore();
  await store.importObjects([assistant, thread, question, waitingRun]);
  const harness = await openEngine(store);
  harness.upstream.respondWith({});
  await submitOutputs(harness, await readRun(harness, run));
  await harness.runToEnd();
  expect((await readRun(harness, run)).status).toBe('completed');
});

const [second] = waitingRun.required_action.submit_tool_outputs.tool_calls.map((call) => ({
  ...call,
  id: 'call_2222222222222222222222',
}));
const secondAction = {
  ...waitingRun.required_action,
  submit_tool_outputs: { tool_calls: [second] },
};

test('the model receives earlier messages and calls of the run, from steps in any order', async () => {
  const store = createStore();
  const pending = { ...waitingRun, required_action: secondAction };
  const earlierMessage = { ...messageStep, created_at: openToolStep.created_at - 1 };
  await store.importObjects([
    toolStep,
    earlierMessage,
    pending,
    reply,
    question,
    thread,
    assistant,
  ]);
  const harness = await openEngine(store);
  harness.upstream.respondWith({});
  await submitOutputs(harness, await readRun(harness, run), 'sun');
  await harness.runToEnd();
  const weatherCall = { name: 'get_weather', arguments: '{"city":"Oslo"}' };
  expect(harness.upstream.sent().input.slice(1)).toEqual([
    { role: 'assistant', content: 'It is -3C with snow【0:0†oslo.txt】.' },
    { type: 'function_call', call_id: ids.call, ...weatherCall },
    { type: 'function_call_output', call_id: ids.call, output: '-3C, snow' },
    { type: 'function_call', call_id: second?.id, ...weatherCall },
    { type: 'function_call_output', call_id: second?.id, output: 'sun' },
  ]);
});

test('a later file of the same command may have the steps of a run', async () => {
  const { writeFileSync } = await import('node:fs');
  const store = createStore();
  const lists = [[thread], [question], [waitingRun], [toolStep]].map((data, index) => {
    const file = `${store.database}.${index}.json`;
    writeFileSync(file, JSON.stringify({ object: 'list', data, has_more: false }));
    return file;
  });
  expect(await store.importFiles(lists)).toMatchObject({ code: 0 });
  const { stdout } = await store.exportAll();
  const exported = objectsIn(stdout).find(({ object }) => object === 'thread.run');
  expect(exported?.['turns']).toMatchObject([
    { outputs: [{ tool_call_id: ids.call, output: '-3C, snow' }] },
    { outputs: null },
  ]);
});

test('a run without a deadline gets the lifetime of a new run', async () => {
  const store = createStore();
  await store.importObjects([thread, { ...waitingRun, expires_at: null }]);
  const harness = await openEngine(store);
  expect(await readRun(harness, run)).toMatchObject({
    status: 'requires_action',
    expires_at: now + 600,
  });
});

test('an imported run past its deadline expires when it is read', async () => {
  const store = createStore();
  await store.importObjects([thread, { ...waitingRun, expires_at: now - 1 }, openToolStep]);
  const harness = await openEngine(store);
  expect(await readRun(harness, run)).toMatchObject({ status: 'expired', required_action: null });
  expect(await readSteps(harness, run)).toMatchObject([{ status: 'expired', expired_at: now }]);
});

test('an exported and imported run continues from the exact items of its model', async () => {
  const [source, target] = [createStore(), createStore()];
  const origin = await openEngine(source);
  const items = [reasoningItem('opaque'), functionCall('get_weather', { city: 'Oslo' })];
  origin.upstream.respondWith({ output: items, usage: [70, 7] });
  const created = await createRun(origin);
  await origin.runToEnd();
  const exported = await source.exportAll();
  expect(await target.importText(exported.stdout)).toMatchObject({ code: 0 });
  expect((await target.exportAll()).stdout).toBe(exported.stdout);

  const harness = await openEngine(target);
  harness.upstream.respondWith({ usage: [90, 9] });
  await submitOutputs(harness, await readRun(harness, created.run));
  await harness.runToEnd();
  expect(harness.upstream.sent().input.slice(1, 3)).toEqual(items);
  const { status, usage } = await readRun(harness, created.run);
  expect([status, usage?.prompt_tokens]).toEqual(['completed', 160]);
});
