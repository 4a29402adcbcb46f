import { createHash } from 'node:crypto';
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { describe, expect, test } from 'vitest';
import { createFakeServer } from '../support/fake-assistants-server.ts';
import { connectTools, readResultText, selectTools } from '../support/mcp.ts';

const ids = { thread_id: 'thread_a', run_id: 'run_a' };
const tool = {
  type: 'function',
  function: { name: 'get_weather', description: 'Weather', parameters: { type: 'object' } },
};
const instructions = 'Be careful with the weather. '.repeat(100);

/** An id as the API makes them, the same in every run of the test. */
const idOf = (prefix: string, seed: number): string => {
  const digits = createHash('sha256').update(`${prefix}${seed}`).digest('base64');
  return `${prefix}_${digits.replaceAll(/[^a-z0-9]/giu, '').slice(0, 24)}`;
};

/** A run as the API returns it. */
const completeRun = (fields: object = {}, seed = 0) => ({
  id: idOf('run', seed),
  object: 'thread.run',
  created_at: 1_790_000_000,
  assistant_id: idOf('asst', seed),
  thread_id: idOf('thread', seed),
  status: 'completed',
  started_at: 1_790_000_001,
  expires_at: null,
  cancelled_at: null,
  failed_at: null,
  completed_at: 1_790_000_002,
  required_action: null,
  last_error: null,
  model: 'gpt-4.1-mini',
  instructions,
  tools: [tool],
  tool_resources: {},
  metadata: {},
  temperature: 1,
  top_p: 1,
  max_completion_tokens: null,
  max_prompt_tokens: null,
  truncation_strategy: { type: 'auto', last_messages: null },
  incomplete_details: null,
  usage: {
    prompt_tokens: 1234,
    completion_tokens: 11,
    total_tokens: 1245,
    prompt_token_details: { cached_tokens: 0 },
  },
  response_format: 'auto',
  tool_choice: 'auto',
  parallel_tool_calls: true,
  ...fields,
});

const reply = 'It is snowing in Oslo, so dress warmly.';
const messages = {
  object: 'list',
  data: [{ id: 'msg_a', run_id: 'run_a', content: [{ type: 'text', text: { value: reply } }] }],
};

const connectRun = (run: object, options: object = {}) => {
  const { openai } = createFakeServer({
    'GET /threads/thread_a/runs/run_a': run,
    [`GET /threads/${String(Reflect.get(run, 'thread_id'))}/messages`]: {
      ...messages,
      data: messages.data.map((message) => ({ ...message, run_id: Reflect.get(run, 'id') })),
    },
  });
  return connectTools({ openai, ...options });
};

test('a completed run with a reply of 11 tokens takes at most 120 tokens', async () => {
  expect(countTokens(reply)).toBe(11);
  for (let seed = 0; seed < 20; seed += 1) {
    const host = await connectRun(completeRun({}, seed));
    const { text, object } = await host.call('get_run', ids);
    expect(countTokens(text)).toBeLessThanOrEqual(120);
    expect(countTokens(JSON.stringify(object))).toBeLessThanOrEqual(120);
  }
});

describe('a run', () => {
  test('starts with status and reply, and repeats neither settings nor nulls', async () => {
    const run = completeRun();
    const host = await connectRun(run);
    const { text, object } = await host.call('get_run', ids);
    const { id, thread_id } = run;
    const usage = { prompt_tokens: 1234, completion_tokens: 11, total_tokens: 1245 };
    expect(JSON.stringify(object)).toBe(
      JSON.stringify({ status: 'completed', reply, id, thread_id, usage }),
    );
    expect(readResultText(text).object).toEqual(object);
  });

  test('keeps its calls, its error and the fields of other servers', async () => {
    const tool_calls = [
      { id: 'call_a', type: 'function', function: { name: 'f', arguments: '{"a":[]}' } },
    ];
    const fields = {
      status: 'requires_action',
      required_action: { type: 'submit_tool_outputs', submit_tool_outputs: { tool_calls } },
      metadata: { k: 'v' },
      omitted_tools: ['file_search'],
      usage: null,
    };
    const run = completeRun(fields);
    const { object } = await (await connectRun(run)).call('get_run', ids);
    expect(Object.keys(object).slice(0, 2)).toEqual(['status', 'next']);
    const { usage: _, ...kept } = fields;
    const { next, ...others } = object;
    expect(others).toEqual({ ...kept, id: run.id, thread_id: run.thread_id });
    expect(next).toMatch(/^Call submit_tool_outputs with/u);
    const last_error = { code: 'server_error', message: 'No.' };
    const failed = await connectRun(completeRun({ status: 'failed', last_error }));
    expect((await failed.call('get_run', ids)).object).toMatchObject({
      status: 'failed',
      last_error,
    });
  });

  test('has next before the data in the text, too', async () => {
    const run = completeRun({ status: 'in_progress' });
    const { text } = await (await connectRun(run)).call('get_run', ids);
    expect(text).toMatch(/^next: Call get_run with [^\n]*\nUntrusted data/u);
  });

  test.each([
    ['with verbose', {}, 'get_run', { ...ids, verbose: true }],
    [
      'under capability names',
      { tools: selectTools({ toolNames: 'capability' }) },
      'openai-apis-retrieve-run',
      ids,
    ],
  ])('is complete %s, and starts with status and reply', async (_, options, name, args) => {
    const run = completeRun();
    const { object } = await (await connectRun(run, options)).call(name, args);
    expect(object).toEqual({ ...run, reply });
    expect(Object.keys(object).slice(0, 2)).toEqual(['status', 'reply']);
  });

  test('verbose has to be a boolean', async () => {
    const host = await connectRun(completeRun());
    expect((await host.call('get_run', { ...ids, verbose: 'yes' })).text).toContain(
      "Invalid type for 'verbose': expected a boolean, but got a string instead.",
    );
    expect((await host.call('get_run', { ...ids, verbose: 'true' })).object).toHaveProperty(
      'tools',
    );
    expect((await host.call('get_run', { ...ids, verbose: null })).object).not.toHaveProperty(
      'tools',
    );
  });
});

describe('the result of a call that has sent it', () => {
  const assistant = {
    id: 'asst_a',
    object: 'assistant',
    created_at: 1,
    name: null,
    model: 'm',
    instructions,
    tools: [{ type: 'code_interpreter' }, tool],
    metadata: {},
  };

  test.each([
    ['create_assistant', { model: 'm' }, 'POST /assistants'],
    ['modify_assistant', { assistant_id: 'asst_a' }, 'POST /assistants/asst_a'],
  ])('%s has the beginning of long texts and the names of functions', async (name, args, line) => {
    const host = await connectTools({ openai: createFakeServer({ [line]: assistant }).openai });
    const { text, object } = await host.call(name, args);
    expect(object).toEqual({
      id: 'asst_a',
      object: 'assistant',
      created_at: 1,
      model: 'm',
      instructions: `${instructions.slice(0, 200)}… [cut: 200 of ${instructions.length} characters; get_assistant reads the rest]`,
      tools: [
        { type: 'code_interpreter' },
        { type: 'function', function: { name: 'get_weather' } },
      ],
      truncated: 'Not complete; get_assistant reads all of it.',
    });
    expect(JSON.parse(text)).toEqual(object);
    expect((await host.call(name, { ...args, verbose: true })).object).toEqual(assistant);
  });

  test('get_assistant has all of it', async () => {
    const { openai } = createFakeServer({ 'GET /assistants/asst_a': assistant });
    const { object } = await (
      await connectTools({ openai })
    ).call('get_assistant', {
      assistant_id: 'asst_a',
    });
    expect(object).toMatchObject({ instructions, tools: [{ type: 'code_interpreter' }, tool] });
    expect(object).not.toHaveProperty('name');
  });

  test('create_message has the beginning of a long message', async () => {
    const value = 'A word. '.repeat(1000);
    const content = [{ type: 'text', text: { value, annotations: [] } }];
    const message = { id: 'msg_a', object: 'thread.message', role: 'user', content };
    const { openai } = createFakeServer({ 'POST /threads/thread_a/messages': message });
    const host = await connectTools({ openai });
    const args = { thread_id: 'thread_a', role: 'user', content: value };
    const { text, object } = await host.call('create_message', args);
    expect(countTokens(text)).toBeLessThan(200);
    expect(object.content[0].text.value).toMatch(/8000 characters; get_message reads the rest\]$/u);
  });

  test.each([5, 8, 100])('create_message keeps the first of %d parts', async (count) => {
    const part = { type: 'text', text: { value: 'A word. '.repeat(40), annotations: [] } };
    const content = Array.from({ length: count }, () => part);
    const thread_id = idOf('thread', 0);
    const message = {
      id: idOf('msg', 0),
      object: 'thread.message',
      created_at: 1_790_000_000,
      thread_id,
      role: 'user',
      content,
    };
    const { openai } = createFakeServer({ [`POST /threads/${thread_id}/messages`]: message });
    const host = await connectTools({ openai });
    const args = { thread_id, role: 'user', content: 'Hi.' };
    const { object } = await host.call('create_message', args);
    expect(object.content.length).toBeGreaterThan(3);
    expect(object.content[0].text.value).toContain('320 characters; get_message reads the rest]');
  });

  test('an empty list that the output schema requires stays', async () => {
    const message = { id: 'msg_a', role: 'assistant', content: [], attachments: [] };
    const { openai } = createFakeServer({ 'GET /threads/thread_a/messages/msg_a': message });
    const host = await connectTools({ openai });
    const args = { thread_id: 'thread_a', message_id: 'msg_a' };
    expect((await host.call('get_message', args)).object).toEqual({
      id: 'msg_a',
      role: 'assistant',
      content: [],
    });
  });
});
