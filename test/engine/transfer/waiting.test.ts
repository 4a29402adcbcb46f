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

test('a waiting run takes its outputs and goes on', async () => {
  const store = createStore();
  await store.importObjects([assistant, thread, question, waitingRun, openToolStep]);
  const harness = await openEngine(store);
  expect(await readRun(harness, run)).toEqual(waitingRun);
  harness.upstream.respondWith({ output: [textMessage('It snows.')], usage: [40, 4] });
  const queued = await submitOutputs(harness, await readRun(harness, run), 'snow');
  expect(queued).toMatchObject({ status: 'queued', expires_at: waitingRun.expires_at });
  await harness.runToEnd();

  const { function: asked } = waitingRun.required_action.submit_tool_outputs.tool_calls[0] ?? {};
  expect(harness.upstream.sent().input).toEqual([
    { role: 'user', content: [{ type: 'input_text', text: 'Weather in Oslo?' }] },
    { type: 'function_call', call_id: ids.call, ...asked },
    { type: 'function_call_output', call_id: ids.call, output: 'snow' },
  ]);
  expect(await readRun(harness, run)).toMatchObject({
    status: 'completed',
    usage: { prompt_tokens: 40, completion_tokens: 4 },
  });
  const [called] = await readSteps(harness, run);
  expect(called).toMatchObject({
    id: ids.toolStep,
    status: 'completed',
    step_details: { tool_calls: [{ function: { output: 'snow' } }] },
  });
  const [, answer] = await readMessages(harness, ids.thread);
  expect(answer && textOf(answer)).toBe('It snows.');
});

test('without its steps it goes on all the same', async () => {
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

test('its model is shown what the run said and called before, from steps in any order', async () => {
  const store = createStore();
  const later = { ...waitingRun, required_action: secondAction };
  const spoke = { ...messageStep, created_at: openToolStep.created_at - 1 };
  await store.importObjects([toolStep, spoke, later, reply, question, thread, assistant]);
  const harness = await openEngine(store);
  harness.upstream.respondWith({});
  await submitOutputs(harness, await readRun(harness, run), 'sun');
  await harness.runToEnd();
  const named = { name: 'get_weather', arguments: '{"city":"Oslo"}' };
  expect(harness.upstream.sent().input.slice(1)).toEqual([
    { role: 'assistant', content: 'It is -3C with snow【0:0†oslo.txt】.' },
    { type: 'function_call', call_id: ids.call, ...named },
    { type: 'function_call_output', call_id: ids.call, output: '-3C, snow' },
    { type: 'function_call', call_id: second?.id, ...named },
    { type: 'function_call_output', call_id: second?.id, output: 'sun' },
  ]);
});

test('its steps may come in a later file of the same command', async () => {
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

test('without a deadline it gets the lifetime of a new run', async () => {
  const store = createStore();
  await store.importObjects([thread, { ...waitingRun, expires_at: null }]);
  const harness = await openEngine(store);
  expect(await readRun(harness, run)).toMatchObject({
    status: 'requires_action',
    expires_at: now + 600,
  });
});

test('past its deadline it expires when somebody looks', async () => {
  const store = createStore();
  await store.importObjects([thread, { ...waitingRun, expires_at: now - 1 }, openToolStep]);
  const harness = await openEngine(store);
  expect(await readRun(harness, run)).toMatchObject({ status: 'expired', required_action: null });
  expect(await readSteps(harness, run)).toMatchObject([{ status: 'expired', expired_at: now }]);
});

test('moved by export and import, it goes on from the very items its model made', async () => {
  const [from, to] = [createStore(), createStore()];
  const origin = await openEngine(from);
  const items = [reasoningItem('opaque'), functionCall('get_weather', { city: 'Oslo' })];
  origin.upstream.respondWith({ output: items, usage: [70, 7] });
  const made = await createRun(origin);
  await origin.runToEnd();
  const exported = await from.exportAll();
  expect(await to.importText(exported.stdout)).toMatchObject({ code: 0 });
  expect((await to.exportAll()).stdout).toBe(exported.stdout);

  const harness = await openEngine(to);
  harness.upstream.respondWith({ usage: [90, 9] });
  await submitOutputs(harness, await readRun(harness, made.run));
  await harness.runToEnd();
  expect(harness.upstream.sent().input.slice(1, 3)).toEqual(items);
  const { status, usage } = await readRun(harness, made.run);
  expect([status, usage?.prompt_tokens]).toEqual(['completed', 160]);
});
