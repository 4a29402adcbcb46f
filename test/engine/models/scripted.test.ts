import { expect, test } from 'vitest';
import { setup } from '../../support/engine.ts';
import {
  createRun,
  readMessages,
  readRun,
  readSteps,
  submitOutputs,
  textOf,
} from '../../support/conversation.ts';

test('the scripted model calls a function, then repeats its output', async () => {
  const harness = await setup({ model: 'scripted', key: null });
  const { run, thread_id } = await createRun(harness);
  await harness.runToEnd();
  const waiting = await readRun(harness, run);
  expect(waiting.status).toBe('requires_action');
  const [call] = waiting.required_action?.submit_tool_outputs.tool_calls ?? [];
  expect(call?.function.name).toBe('get_weather');
  expect(JSON.parse(call?.function.arguments ?? '')).toEqual({ city: expect.any(String) });
  await submitOutputs(harness, waiting, '-3C, snow');
  await harness.runToEnd();
  expect((await readRun(harness, run)).status).toBe('completed');
  const reply = (await readMessages(harness, thread_id)).at(-1);
  expect(reply && textOf(reply)).toMatch(/^Scripted model\b/u);
  expect(reply && textOf(reply)).toContain('-3C, snow');
  expect((await readSteps(harness, run)).map(({ type }) => type)).toEqual([
    'tool_calls',
    'message_creation',
  ]);
  expect(harness.upstream.requests).toEqual([]);
});

test('the scripted model answers at once if the run has no functions', async () => {
  const harness = await setup({ model: 'scripted', key: null });
  const { run, thread_id } = await createRun(harness, {}, { tools: [] });
  await harness.runToEnd();
  expect((await readRun(harness, run)).status).toBe('completed');
  const reply = (await readMessages(harness, thread_id)).at(-1);
  expect(reply && textOf(reply)).toMatch(/^Scripted model\b/u);
});

test('the scripted model calls no function if tool_choice is none', async () => {
  const harness = await setup({ model: 'scripted', key: null });
  const { run } = await createRun(harness, { tool_choice: 'none' });
  await harness.runToEnd();
  expect((await readRun(harness, run)).status).toBe('completed');
});

/** The texts and the usage of a whole conversation. */
async function converse() {
  const harness = await setup({ model: 'scripted', key: null });
  const { run, thread_id } = await createRun(harness);
  await harness.runToEnd();
  await submitOutputs(harness, await readRun(harness, run));
  await harness.runToEnd();
  const { usage } = await readRun(harness, run);
  return [(await readMessages(harness, thread_id)).map(textOf), usage];
}

test('the scripted model is deterministic', async () => {
  expect(await converse()).toEqual(await converse());
});

test('the scripted model generates arguments by the schema of the function', async () => {
  const harness = await setup({ model: 'scripted', key: null });
  const parameters = {
    type: 'object',
    required: ['unit', 'days', 'cities', 'exact', 'where'],
    properties: {
      unit: { type: 'string', enum: ['C', 'F'] },
      days: { type: 'integer', minimum: 1 },
      exact: { type: 'boolean' },
      cities: { type: 'array', items: { type: 'string' } },
      where: {
        type: 'object',
        properties: { lat: { type: 'number' } },
        required: ['lat'],
      },
    },
  };
  const { run } = await createRun(harness, {
    tools: [{ type: 'function', function: { name: 'forecast', parameters } }],
  });
  await harness.runToEnd();
  const { required_action } = await readRun(harness, run);
  const [call] = required_action?.submit_tool_outputs.tool_calls ?? [];
  const args: unknown = JSON.parse(call?.function.arguments ?? '');
  expect(args).toEqual({
    unit: expect.stringMatching(/^[CF]$/u),
    days: expect.any(Number),
    exact: expect.any(Boolean),
    cities: expect.any(Array),
    where: { lat: expect.any(Number) },
  });
});

test('the scripted model accepts runs without an API key', async () => {
  const harness = await setup({ model: 'scripted', key: null });
  const { run } = await createRun(harness);
  expect(run.status).toBe('queued');
});
