import type OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { setup } from '../../support/engine.ts';
import {
  createAssistant,
  createRun,
  readRun,
  submitOutputs,
  weatherTool,
} from '../../support/conversation.ts';
import { functionCall, refusalMessage, textMessage } from '../../support/upstream-items.ts';

type RunParams = Partial<OpenAI.Beta.Threads.RunCreateParamsNonStreaming>;
type AssistantParams = Partial<OpenAI.Beta.AssistantCreateParams>;
type ThreadParams = OpenAI.Beta.ThreadCreateParams;

/** The request that the model endpoint receives for such a run. */
async function sentFor(params: RunParams, assistant: AssistantParams = {}) {
  const harness = await setup();
  harness.upstream.respondWith({});
  const { run } = await createRun(harness, params, assistant);
  await harness.runToEnd();
  expect((await readRun(harness, run)).status).toBe('completed');
  return harness.upstream.sent();
}

/** The `input` that is sent for a thread with these messages. */
async function inputFor(messages: NonNullable<ThreadParams['messages']>, params: RunParams = {}) {
  const harness = await setup();
  harness.upstream.respondWith({});
  const { id } = await harness.openai.beta.threads.create({ messages });
  const { id: assistant_id } = await createAssistant(harness);
  const run = await harness.openai.beta.threads.runs.create(id, { assistant_id, ...params });
  await harness.runToEnd();
  expect((await readRun(harness, run)).status).toBe('completed');
  return harness.upstream.sent().input;
}

test('a request omits the settings that the run does not set', async () => {
  const { input, include, prompt_cache_key, ...sent } = await sentFor({}, { tools: [] });
  expect(input).toHaveLength(1);
  expect(include ?? []).not.toContain('file_search_call.results');
  expect(typeof prompt_cache_key).toMatch(/string|undefined/u);
  expect(sent).toMatchObject({
    model: 'gpt-4.1-mini',
    instructions: 'Be brief.',
    store: false,
    stream: true,
  });
  const absent = ['temperature', 'top_p', 'reasoning', 'max_output_tokens', 'text', 'truncation'];
  for (const name of absent) expect(sent).not.toHaveProperty(name);
});

test('a request goes to OpenAI with the API key', async () => {
  const harness = await setup();
  harness.upstream.respondWith({});
  await createRun(harness);
  await harness.runToEnd();
  const [request] = harness.upstream.requests;
  expect(request?.url).toBe('https://api.openai.com/v1/responses');
  expect(request?.headers.get('authorization')).toBe('Bearer sk-test-0123456789abcdefghij');
});

test('a request goes to the configured base URL, which needs no API key', async () => {
  const harness = await setup({ key: null, baseURL: 'http://localhost:11434/v1' });
  harness.upstream.respondWith({ output: [textMessage('Hi.')] });
  const { run } = await createRun(harness);
  await harness.runToEnd();
  const [request] = harness.upstream.requests;
  expect(request?.url).toBe('http://localhost:11434/v1/responses');
  expect((await readRun(harness, run)).status).toBe('completed');
});

describe('the tools of a Responses request', () => {
  test('have functions in flat form, with strict false by default', async () => {
    const strictTool = {
      type: 'function',
      function: {
        name: 'now',
        strict: true,
        parameters: { type: 'object', properties: {}, additionalProperties: false },
      },
    } as const;
    const bare = { type: 'function', function: { name: 'bare' } } as const;
    const { tools } = await sentFor({}, { tools: [weatherTool, strictTool, bare] });
    expect(tools).toEqual([
      { type: 'function', ...weatherTool.function, strict: false },
      { type: 'function', ...strictTool.function },
      {
        type: 'function',
        name: 'bare',
        parameters: { type: 'object', properties: {} },
        strict: false,
      },
    ]);
  });

  test('disallow additional properties in a strict function without parameters', async () => {
    const strictTool = { type: 'function', function: { name: 'now', strict: true } } as const;
    const parameters = { type: 'object', properties: {}, additionalProperties: false };
    const { tools } = await sentFor({}, { tools: [strictTool] });
    expect(tools).toEqual([{ type: 'function', name: 'now', parameters, strict: true }]);
  });

  test.each([
    ['none', 'none'],
    ['required', 'required'],
    [
      { type: 'function', function: { name: 'get_weather' } },
      { type: 'function', name: 'get_weather' },
    ],
  ] as const)('come with tool_choice %j as %j', async (tool_choice, expected) => {
    const sent = await sentFor({ tool_choice });
    expect(sent.tool_choice).toEqual(expected);
  });

  test('come with parallel_tool_calls false if the run sets it', async () => {
    expect((await sentFor({ parallel_tool_calls: false })).parallel_tool_calls).toBe(false);
  });

  test.each(['required', { type: 'function', function: { name: 'get_weather' } }] as const)(
    'are forced by tool_choice %j in the first model call only',
    async (tool_choice) => {
      const harness = await setup();
      harness.upstream.respondWith({ output: [functionCall('get_weather', { city: 'Oslo' })] }, {});
      const { run } = await createRun(harness, { tool_choice });
      await harness.runToEnd();
      await submitOutputs(harness, await readRun(harness, run));
      await harness.runToEnd();
      expect(harness.upstream.sent(0).tool_choice).toBeDefined();
      expect(['auto', undefined]).toContain(harness.upstream.sent(1).tool_choice);
      expect(await readRun(harness, run)).toMatchObject({ status: 'completed', tool_choice });
    },
  );
});

describe('the settings of a Responses request', () => {
  test('have temperature, top_p and reasoning effort if they are set', async () => {
    const sent = await sentFor({ temperature: 0 }, { top_p: 0.5, reasoning_effort: 'low' });
    expect(sent).toMatchObject({ temperature: 0, top_p: 0.5, reasoning: { effort: 'low' } });
  });

  test.each([
    [{ type: 'text' }, { type: 'text' }],
    [
      {
        type: 'json_schema',
        json_schema: { name: 'a', description: 'b', schema: { type: 'object' }, strict: false },
      },
      {
        type: 'json_schema',
        name: 'a',
        description: 'b',
        schema: { type: 'object' },
        strict: false,
      },
    ],
  ] as const)('have response_format %j as text.format %j', async (response_format, format) => {
    expect((await sentFor({ response_format })).text).toEqual({ format });
  });

  test('have no format for response_format auto', async () => {
    expect(await sentFor({ response_format: 'auto' })).not.toHaveProperty('text');
  });

  test('ask for JSON in json_object mode', async () => {
    const sent = await sentFor({ response_format: { type: 'json_object' } });
    expect(sent.text).toEqual({ format: { type: 'json_object' } });
  });

  test('have the instructions and additional instructions in every call', async () => {
    const harness = await setup();
    harness.upstream.respondWith({ output: [functionCall('get_weather', { city: 'Oslo' })] }, {});
    const { run } = await createRun(harness, { additional_instructions: 'Say please.' });
    await harness.runToEnd();
    await submitOutputs(harness, await readRun(harness, run));
    await harness.runToEnd();
    const sent = [harness.upstream.sent(0).instructions, harness.upstream.sent(1).instructions];
    expect(sent).toEqual(['Be brief.\n\nSay please.', 'Be brief.\n\nSay please.']);
  });
});

describe('the input of a Responses request', () => {
  test('has user and assistant messages in order', async () => {
    const input = await inputFor([
      { role: 'user', content: 'one' },
      { role: 'assistant', content: 'two' },
      { role: 'user', content: [{ type: 'text', text: 'three' }] },
    ]);
    const roles = input.map((item) => ('role' in item ? item.role : item.type));
    expect(roles).toEqual(['user', 'assistant', 'user']);
    expect(input[0]).toMatchObject({ content: [{ type: 'input_text', text: 'one' }] });
    expect(JSON.stringify(input[1])).toContain('two');
  });

  test('has an earlier refusal as text', async () => {
    const harness = await setup();
    harness.upstream.respondWith({ output: [refusalMessage('No.')] }, {});
    const { thread_id, assistant_id } = await createRun(harness);
    await harness.runToEnd();
    await harness.openai.beta.threads.runs.create(thread_id, { assistant_id });
    await harness.runToEnd();
    expect(JSON.stringify(harness.upstream.sent().input.at(-1))).toContain('No.');
  });

  test('has image URLs and image files of user messages', async () => {
    const url = 'https://example.com/cat.png';
    const input = await inputFor([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Compare.' },
          { type: 'image_url', image_url: { url, detail: 'high' } },
          { type: 'image_file', image_file: { file_id: 'file-cat' } },
        ],
      },
    ]);
    expect(input).toMatchObject([
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'Compare.' },
          { type: 'input_image', image_url: url, detail: 'high' },
          { type: 'input_image', file_id: 'file-cat', detail: 'auto' },
        ],
      },
    ]);
  });

  test('omits images of assistant messages', async () => {
    const input = await inputFor([
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'Here:' },
          { type: 'image_url', image_url: { url: 'https://example.com/plot.png' } },
        ],
      },
      { role: 'user', content: 'What does it show?' },
    ]);
    expect(JSON.stringify(input)).toContain('Here:');
  });

  test('has the last messages only if the run limits them', async () => {
    const messages = ['one', 'two', 'three'].map((content) => ({ role: 'user' as const, content }));
    const truncation_strategy = { type: 'last_messages', last_messages: 2 } as const;
    const input = await inputFor(messages, { truncation_strategy });
    expect(input).toHaveLength(2);
    expect(JSON.stringify(input)).not.toContain('one');
  });

  test('counts additional messages as last messages', async () => {
    const input = await inputFor([{ role: 'user', content: 'old' }], {
      additional_messages: [{ role: 'user', content: 'new' }],
      truncation_strategy: { type: 'last_messages', last_messages: 1 },
    });
    expect(JSON.stringify(input)).toMatch(/new/u);
    expect(input).toHaveLength(1);
  });
});

test('a model without encrypted reasoning is called again without requesting it', async () => {
  const harness = await setup({ rejectEncryptedContent: true });
  harness.upstream.respondWith({ output: [functionCall('get_weather', { city: 'Oslo' })] }, {});
  const { run } = await createRun(harness);
  await harness.runToEnd();
  await submitOutputs(harness, await readRun(harness, run));
  await harness.runToEnd();
  expect((await readRun(harness, run)).status).toBe('completed');
});
