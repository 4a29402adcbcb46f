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
import { incompleteMessage, functionCall, textMessage } from '../../support/upstream-items.ts';

test('the usage of a run is the sum of its steps', async () => {
  const harness = await setup();
  harness.upstream.respondWith(
    {
      output: [textMessage('Let me see.'), functionCall('get_weather', { city: 'Oslo' })],
      usage: [100, 20, 64, 8],
    },
    { output: [functionCall('get_weather', { city: 'Bergen' })], usage: [150, 10, 128, 0] },
    { output: [textMessage('Snow.'), textMessage('And rain.')], usage: [200, 30, 0, 16] },
  );
  const { run } = await createRun(harness);
  await harness.runToEnd();
  await submitOutputs(harness, await readRun(harness, run));
  await harness.runToEnd();
  await submitOutputs(harness, await readRun(harness, run));
  await harness.runToEnd();
  const { usage } = await readRun(harness, run);
  expect(usage).toEqual({
    prompt_tokens: 450,
    completion_tokens: 60,
    total_tokens: 510,
    prompt_token_details: { cached_tokens: 192 },
    completion_tokens_details: { reasoning_tokens: 24 },
  });
  const steps = await readSteps(harness, run);
  expect(steps).toHaveLength(5);
  const sum = (name: 'prompt_tokens' | 'completion_tokens' | 'total_tokens') =>
    steps.reduce((total, step) => total + (step.usage?.[name] ?? 0), 0);
  expect([sum('prompt_tokens'), sum('completion_tokens'), sum('total_tokens')]).toEqual([
    450, 60, 510,
  ]);
});

test('a run has zero usage if the endpoint reports none', async () => {
  const harness = await setup();
  harness.upstream.respondWith({ usage: null });
  const { run } = await createRun(harness);
  await harness.runToEnd();
  expect(await readRun(harness, run)).toMatchObject({
    status: 'completed',
    usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 },
  });
});

test('max_completion_tokens is a budget for all calls of a run', async () => {
  const harness = await setup();
  harness.upstream.respondWith(
    { output: [functionCall('get_weather', { city: 'Oslo' })], usage: [100, 200] },
    { usage: [150, 30] },
  );
  const { run } = await createRun(harness, { max_completion_tokens: 500 });
  await harness.runToEnd();
  await submitOutputs(harness, await readRun(harness, run));
  await harness.runToEnd();
  const limits = [
    harness.upstream.sent(0).max_output_tokens,
    harness.upstream.sent(1).max_output_tokens,
  ];
  expect(limits).toEqual([500, 300]);
  expect((await readRun(harness, run)).status).toBe('completed');
});

test('a message truncated by the budget makes the run incomplete', async () => {
  const harness = await setup();
  harness.upstream.respondWith({
    output: [incompleteMessage('It is very')],
    incomplete: 'max_output_tokens',
    usage: [120, 256],
  });
  const { run, thread_id } = await createRun(harness, { max_completion_tokens: 256 });
  await harness.clock.advance(4000);
  await harness.runToEnd();
  expect(await readRun(harness, run)).toMatchObject({
    status: 'incomplete',
    completed_at: 1_790_000_004,
    expires_at: null,
    incomplete_details: { reason: 'max_completion_tokens' },
    usage: { prompt_tokens: 120, completion_tokens: 256, total_tokens: 376 },
  });
  const [, message] = await readMessages(harness, thread_id);
  expect(message).toMatchObject({
    status: 'incomplete',
    incomplete_details: { reason: 'max_tokens' },
  });
  expect(message && textOf(message)).toBe('It is very');
  const [step] = await readSteps(harness, run);
  expect(step?.status).toBe('completed');
});

test('truncated function calls are never required', async () => {
  const harness = await setup();
  harness.upstream.respondWith({
    output: [functionCall('get_weather', '{"city":"Os')],
    incomplete: 'max_output_tokens',
  });
  const { run } = await createRun(harness, { max_completion_tokens: 16 });
  await harness.runToEnd();
  expect(await readRun(harness, run)).toMatchObject({
    status: 'incomplete',
    required_action: null,
    incomplete_details: { reason: 'max_completion_tokens' },
  });
});

test.each([
  ['max_completion_tokens', { max_completion_tokens: 100 }],
  ['max_prompt_tokens', { max_prompt_tokens: 100 }],
] as const)('a run with %s used up makes no further call', async (reason, params) => {
  const harness = await setup();
  harness.upstream.respondWith({
    output: [functionCall('get_weather', { city: 'Oslo' })],
    usage: [101, 99],
  });
  const { run } = await createRun(harness, params);
  await harness.runToEnd();
  await submitOutputs(harness, await readRun(harness, run));
  await harness.runToEnd();
  expect(await readRun(harness, run)).toMatchObject({
    status: 'incomplete',
    incomplete_details: { reason },
    usage: { total_tokens: 200 },
  });
  expect(harness.upstream.requests).toHaveLength(1);
});

test.each([
  [100, { status: 'completed', incomplete_details: null }],
  [101, { status: 'incomplete', incomplete_details: { reason: 'max_prompt_tokens' } }],
] as const)(
  'a run that used %i of 100 prompt tokens ends as %j',
  async (promptTokens, expected) => {
    const harness = await setup();
    harness.upstream.respondWith({ usage: [promptTokens, 5] });
    const { run, thread_id } = await createRun(harness, { max_prompt_tokens: 100 });
    await harness.runToEnd();
    expect(await readRun(harness, run)).toMatchObject(expected);
    const [, message] = await readMessages(harness, thread_id);
    expect(message?.status).toBe('completed');
  },
);

test('a remaining budget below the minimum of the endpoint counts as used up', async () => {
  const harness = await setup();
  harness.upstream.respondWith({
    output: [functionCall('get_weather', { city: 'Oslo' })],
    usage: [100, 90],
  });
  const { run } = await createRun(harness, { max_completion_tokens: 100 });
  await harness.runToEnd();
  await submitOutputs(harness, await readRun(harness, run));
  await harness.runToEnd();
  expect(await readRun(harness, run)).toMatchObject({
    status: 'incomplete',
    incomplete_details: { reason: 'max_completion_tokens' },
  });
});

test('a content filter makes the message and the run incomplete', async () => {
  const harness = await setup();
  harness.upstream.respondWith({
    output: [incompleteMessage('To make a')],
    incomplete: 'content_filter',
  });
  const { run, thread_id } = await createRun(harness);
  await harness.runToEnd();
  expect(await readRun(harness, run)).toMatchObject({
    status: 'incomplete',
    incomplete_details: null,
  });
  const [, message] = await readMessages(harness, thread_id);
  expect(message?.incomplete_details).toEqual({ reason: 'content_filter' });
});

test('a content filter that withholds the whole response fails the run', async () => {
  const harness = await setup();
  harness.upstream.respondWith({ output: [], incomplete: 'content_filter' });
  const { run } = await createRun(harness);
  await harness.runToEnd();
  expect(await readRun(harness, run)).toMatchObject({
    status: 'failed',
    last_error: { code: 'invalid_prompt' },
  });
});
