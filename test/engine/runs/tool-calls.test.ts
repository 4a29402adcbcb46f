import { expect, test } from 'vitest';
import { setup, type HarnessOptions } from '../../support/engine.ts';
import {
  createRun,
  readMessages,
  readRun,
  readSteps,
  apiErrorOf,
  submitOutputs,
  textOf,
} from '../../support/conversation.ts';
import { functionCall, reasoningItem, textMessage } from '../../support/upstream-items.ts';

const output = [
  functionCall('get_weather', { city: 'Oslo' }, 'call_a'),
  functionCall('get_weather', { city: 'Bergen' }, 'call_b'),
];

const functionCallOf = (id: string, city: string, text: string | null) => ({
  id,
  type: 'function',
  function: { name: 'get_weather', arguments: JSON.stringify({ city }), output: text },
});

/** A run that waits for the outputs of `call_a` and `call_b`. */
async function createWaitingRun(options?: HarnessOptions) {
  const harness = await setup(options);
  harness.upstream.respondWith({ output, usage: [90, 15] });
  const { run } = await createRun(harness);
  await harness.runToEnd();
  const submit = (...outputs: [string, string][]) =>
    harness.openai.beta.threads.runs.submitToolOutputs(run.id, {
      thread_id: run.thread_id,
      tool_outputs: outputs.map(([tool_call_id, text]) => ({ tool_call_id, output: text })),
    });
  return { harness, run, submit };
}

test('parallel calls share one step, in order, open until outputs are submitted', async () => {
  const { harness, run, submit } = await createWaitingRun();
  const waiting = await readRun(harness, run);
  const required = waiting.required_action?.submit_tool_outputs.tool_calls;
  expect(required?.map(({ id, function: { arguments: args } }) => [id, args])).toEqual([
    ['call_a', '{"city":"Oslo"}'],
    ['call_b', '{"city":"Bergen"}'],
  ]);
  const [open, ...others] = await readSteps(harness, run);
  expect(others).toEqual([]);
  expect(open).toMatchObject({
    status: 'in_progress',
    type: 'tool_calls',
    usage: null,
    expires_at: 1_790_000_600,
  });
  expect(open?.step_details).toEqual({
    type: 'tool_calls',
    tool_calls: [functionCallOf('call_a', 'Oslo', null), functionCallOf('call_b', 'Bergen', null)],
  });

  await harness.clock.advance(8000);
  await submit(['call_b', 'rain'], ['call_a', 'snow']);
  const [step] = await readSteps(harness, run);
  expect(step).toEqual({
    ...open,
    status: 'completed',
    completed_at: 1_790_000_008,
    expires_at: null,
    step_details: {
      type: 'tool_calls',
      tool_calls: [
        functionCallOf('call_a', 'Oslo', 'snow'),
        functionCallOf('call_b', 'Bergen', 'rain'),
      ],
    },
    usage: {
      prompt_tokens: 90,
      completion_tokens: 15,
      total_tokens: 105,
      prompt_token_details: { cached_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 0 },
    },
  });
});

test('submitted outputs are sent to the model, which completes the run', async () => {
  const { harness, run, submit } = await createWaitingRun();
  harness.upstream.respondWith({ output: [textMessage('Snow in Oslo, rain in Bergen.')] });
  await submit(['call_a', 'snow'], ['call_b', 'rain']);
  await harness.runToEnd();
  expect((await readRun(harness, run)).status).toBe('completed');
  const messages = await readMessages(harness, run.thread_id);
  expect(messages.map(textOf)).toEqual(['Weather in Oslo?', 'Snow in Oslo, rain in Bergen.']);
  expect(harness.upstream.sent().input.slice(-2)).toEqual([
    { type: 'function_call_output', call_id: 'call_a', output: 'snow' },
    { type: 'function_call_output', call_id: 'call_b', output: 'rain' },
  ]);
});

test.each([
  ['a subset', [['call_a', 'x']], "['call_a']"],
  [
    'a list with an unknown id',
    [
      ['call_a', 'x'],
      ['call_z', 'y'],
    ],
    "['call_a', 'call_z']",
  ],
  [
    'a list with an id too many',
    [
      ['call_a', 'x'],
      ['call_b', 'y'],
      ['call_z', 'z'],
    ],
    "['call_a', 'call_b', 'call_z']",
  ],
  [
    'a list with a duplicate',
    [
      ['call_a', 'x'],
      ['call_b', 'y'],
      ['call_a', 'z'],
    ],
    "['call_a', 'call_b', 'call_a']",
  ],
  ['an empty list', [], '[]'],
] satisfies [string, [string, string][], string][])(
  '%s of outputs is rejected and changes nothing',
  async (_, outputs, receivedIds) => {
    const { harness, run, submit } = await createWaitingRun();
    const before = await readRun(harness, run);
    expect(await apiErrorOf(submit(...outputs))).toEqual({
      status: 400,
      type: 'invalid_request_error',
      code: null,
      param: null,
      message: `Expected tool outputs for call_ids ['call_a', 'call_b'], got ${receivedIds}`,
    });
    expect(await readRun(harness, run)).toEqual(before);
  },
);

test('outputs are accepted once, and only while the run requires them', async () => {
  const { harness, run, submit } = await createWaitingRun();
  harness.upstream.respondWith({});
  await submit(['call_a', ''], ['call_b', '']);
  const submitError = async () =>
    (await apiErrorOf(submit(['call_a', ''], ['call_b', '']))).message;
  expect(await submitError()).toBe('Runs in status "queued" do not accept tool outputs.');
  await harness.runToEnd();
  expect(await submitError()).toBe('Runs in status "completed" do not accept tool outputs.');
  expect((await readRun(harness, run)).status).toBe('completed');
});

test('exactly one of two concurrent submissions is accepted', async () => {
  const { submit } = await createWaitingRun();
  const results = await Promise.allSettled([
    submit(['call_a', '1'], ['call_b', '1']),
    submit(['call_a', '2'], ['call_b', '2']),
  ]);
  expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
});

test('outputs of more than 512 kB together are rejected', async () => {
  const { submit } = await createWaitingRun();
  const half = 'x'.repeat(256 * 1024);
  expect(await apiErrorOf(submit(['call_a', half], ['call_b', `${half}x`]))).toEqual({
    status: 400,
    type: 'invalid_request_error',
    code: 'invalid_value',
    param: 'tool_outputs',
    message: "'tool_outputs' too large: the combined tool outputs must be less than 512kb.",
  });
  const accepted = await submit(['call_a', half.slice(1)], ['call_b', half.slice(1)]);
  expect(accepted.status).toBe('queued');
});

test('submitting outputs to an unknown run is a 404', async () => {
  const { harness, run } = await createWaitingRun();
  const path = `/threads/${run.thread_id}/runs/run_nowhere/submit_tool_outputs`;
  const { status, body } = await harness.request('POST', path, { tool_outputs: [] });
  expect(status).toBe(404);
  expect(body.error.message).toBe("No run found with id 'run_nowhere'.");
});

test('the path submit-tool-outputs works like submit_tool_outputs', async () => {
  const { harness, run } = await createWaitingRun();
  const path = `/threads/${run.thread_id}/runs/${run.id}/submit-tool-outputs`;
  const tool_outputs = ['call_a', 'call_b'].map((id) => ({ tool_call_id: id, output: 'x' }));
  const { status, body } = await harness.request('POST', path, { tool_outputs });
  expect([status, body.status]).toEqual([200, 'queued']);
});

test('text before calls becomes a message step before the step of the calls', async () => {
  const harness = await setup();
  harness.upstream.respondWith({
    output: [textMessage('Let me look.'), ...output],
    usage: [50, 20],
  });
  const { run } = await createRun(harness);
  await harness.runToEnd();
  const steps = await readSteps(harness, run);
  expect(steps.map(({ type, status }) => [type, status])).toEqual([
    ['message_creation', 'completed'],
    ['tool_calls', 'in_progress'],
  ]);
  const [, message] = await readMessages(harness, run.thread_id);
  expect(message).toMatchObject({ status: 'completed', run_id: run.id });
  harness.upstream.respondWith({});
  await submitOutputs(harness, await readRun(harness, run), 'x');
  await harness.runToEnd();
  const kinds = harness.upstream.sent().input.map((item) => item.type ?? 'message');
  const call = ['function_call', 'function_call'];
  const outputs = ['function_call_output', 'function_call_output'];
  expect(kinds).toEqual(['message', 'message', ...call, ...outputs]);
});

test('the earlier turns of a run are sent again verbatim, with their reasoning', async () => {
  const harness = await setup();
  const first = [
    reasoningItem('secret-1'),
    functionCall('get_weather', { city: 'Oslo' }, 'call_1'),
  ];
  const second = [
    reasoningItem('secret-2'),
    functionCall('get_weather', { city: 'Bergen' }, 'call_2'),
  ];
  harness.upstream.respondWith(
    { output: first },
    { output: second },
    { output: [textMessage('Done.')] },
  );
  const { run } = await createRun(harness, { model: 'gpt-5.4' });
  const { runs } = harness.openai.beta.threads;
  for (const id of ['call_1', 'call_2']) {
    await harness.runToEnd();
    const tool_outputs = [{ tool_call_id: id, output: `for ${id}` }];
    await runs.submitToolOutputs(run.id, { thread_id: run.thread_id, tool_outputs });
  }
  await harness.runToEnd();
  expect((await readRun(harness, run)).status).toBe('completed');
  expect(harness.upstream.sent().input.slice(1)).toEqual([
    ...first,
    { type: 'function_call_output', call_id: 'call_1', output: 'for call_1' },
    ...second,
    { type: 'function_call_output', call_id: 'call_2', output: 'for call_2' },
  ]);
});
