import type OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { type ChatServer, createChatUpstream, writeEvents } from '../../support/chat-upstream.ts';
import { setup } from '../../support/engine.ts';
import { toolCall, type Reply } from '../../support/chat-replies.ts';
import {
  callIds,
  createAssistant,
  createRun,
  readMessages,
  readRun,
  apiErrorOf,
  submitOutputs,
  textOf,
  weatherTool,
} from '../../support/conversation.ts';

const baseURL = 'http://localhost:8000/v1';
type Params = Partial<OpenAI.Beta.Threads.RunCreateParamsNonStreaming>;
type Message = OpenAI.Beta.ThreadCreateParams.Message;

async function open(server: ChatServer = {}) {
  const upstream = createChatUpstream({ server });
  const harness = await setup({ model: 'chat', baseURL, endpoint: upstream });
  return { harness, upstream };
}

/** The request body that is sent for a thread with these messages. */
async function sentFor(messages: Message[], params: Params = {}) {
  const { harness, upstream } = await open();
  upstream.respondWith({});
  const { id: assistant_id } = await createAssistant(harness);
  const { id } = await harness.openai.beta.threads.create({ messages });
  const run = await harness.openai.beta.threads.runs.create(id, { assistant_id, ...params });
  await harness.runToEnd();
  expect((await readRun(harness, run)).last_error).toBeNull();
  return upstream.sent();
}

/** Runs one model call on a server. */
async function runOnServer(server: ChatServer, reply: Reply) {
  const { harness, upstream } = await open(server);
  upstream.respondWith(reply);
  const { run, thread_id } = await createRun(harness);
  await harness.runToEnd();
  const [, message] = await readMessages(harness, thread_id);
  return { harness, upstream, run: await readRun(harness, run), message };
}

const user = (content: Message['content']): Message => ({ role: 'user', content });
const assistant = (content: string): Message => ({ role: 'assistant', content });

describe('the request to Chat Completions', () => {
  test('omits hosted tools if tool_choice is none', async () => {
    const tools = [weatherTool, { type: 'file_search' as const }];
    const sent = await sentFor([user('one')], { tools, tool_choice: 'none' });
    expect(sent.tools).toMatchObject([weatherTool]);
    expect(sent.tool_choice).toBe('none');
  });

  test('has a system message and merges consecutive messages of one role', async () => {
    const thread = [user('one'), user('two'), assistant('three'), assistant('four'), user('five')];
    const { messages } = await sentFor(thread);
    expect(messages).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'one\n\ntwo' },
      { role: 'assistant', content: 'three\n\nfour' },
      { role: 'user', content: 'five' },
    ]);
  });

  test('merges an image into the preceding user message', async () => {
    const url = 'https://example.com/cat.png';
    const imageMessage = user([{ type: 'image_url', image_url: { url, detail: 'low' } }]);
    const { messages } = await sentFor([user('Look:'), imageMessage]);
    expect(messages[1]).toEqual({
      role: 'user',
      content: [
        { type: 'text', text: 'Look:' },
        { type: 'image_url', image_url: { url, detail: 'low' } },
      ],
    });
  });

  test('sends the instructions as a user message if the thread is empty', async () => {
    const { messages } = await sentFor([], { instructions: 'Say hello.' });
    expect(messages).toEqual([{ role: 'user', content: 'Say hello.' }]);
  });

  test('asks for JSON in json_object mode unless the prompt already does', async () => {
    const json = { response_format: { type: 'json_object' } } as const;
    expect((await sentFor([user('Weather?')], json)).messages[0]).toEqual({
      role: 'system',
      content: 'Be brief.\n\nAnswer with JSON.',
    });
    const { messages } = await sentFor([user('Weather as JSON?')], json);
    expect(messages[0]?.content).toBe('Be brief.');
  });

  test('sends strict only for strict functions, and disallows additional properties for them', async () => {
    const now = { name: 'now', strict: true, parameters: { type: 'object', properties: {} } };
    const sent = await sentFor([user('Weather?')], {
      tools: [weatherTool, { type: 'function', function: now }],
      tool_choice: { type: 'function', function: { name: 'now' } },
    });
    expect(sent).toMatchObject({
      tools: [
        weatherTool,
        { function: { ...now, parameters: { ...now.parameters, additionalProperties: false } } },
      ],
      tool_choice: { type: 'function', function: { name: 'now' } },
    });
    expect(sent.tools?.[0]?.function).not.toHaveProperty('strict');
  });

  test('omits all tool parameters if the run has no tools', async () => {
    const sent = await sentFor([user('Hi.')], { tools: [], parallel_tool_calls: false });
    expect(Object.keys(sent)).toEqual(['model', 'messages', 'stream', 'stream_options']);
  });
});

test.each(['data: null\n\n', 'data:\n\n', 'event: ping\ndata: \n\n'])(
  'an empty event (%j) does not end the stream',
  async (emptyEvent) => {
    const server: ChatServer = { write: (chunks) => `${emptyEvent}${writeEvents(chunks)}` };
    const { message } = await runOnServer(server, { text: 'Snow.' });
    expect(message && textOf(message)).toBe('Snow.');
  },
);

describe('an error of a chat server', () => {
  const noRetry = { 'x-should-retry': 'false' };
  test.each([
    [
      'as a string',
      Response.json({ error: 'model is loading' }, { status: 400 }),
      'model is loading',
    ],
    ['as a detail string', Response.json({ detail: 'Not Found' }, { status: 404 }), 'Not Found'],
    [
      'as a list of details',
      Response.json(
        { detail: [{ loc: ['body', 'model'], msg: 'Field required' }] },
        { status: 422 },
      ),
      'Field required',
    ],
    [
      'without an envelope',
      Response.json({ object: 'error', message: 'Bad roles.', code: 400 }, { status: 400 }),
      'Bad roles.',
    ],
    [
      'as plain text',
      new Response('no such route', { status: 404, headers: noRetry }),
      'no such route',
    ],
    ['with status 200', Response.json({ error: 'Unexpected endpoint.' }), 'Unexpected endpoint.'],
  ])('is read %s', async (_, response, message) => {
    const { run } = await runOnServer({ reject: () => response }, {});
    expect(run).toMatchObject({ status: 'failed', last_error: { code: 'server_error' } });
    expect(run.last_error?.message).toContain(message);
  });

  test.each([
    [{ error: { code: 502, message: 'Provider disconnected' } }, 'server_error'],
    [{ error: { code: '429', message: 'litellm.RateLimitError' } }, 'rate_limit_exceeded'],
    [{ error: 'Model unloaded.' }, 'server_error'],
    [{ object: 'error', message: 'Engine died.', code: 500 }, 'server_error'],
    [{ error: { code: 400, message: 'context length exceeded' } }, 'invalid_prompt'],
    [{ code: 'invalid_prompt', message: 'No such role.' }, 'invalid_prompt'],
    [{ detail: 'Worker died.' }, 'server_error'],
  ])('is read from the stream (%j)', async (error, code) => {
    const server: ChatServer = { edit: (chunks) => [...chunks.slice(0, 3), error] };
    const { run, message } = await runOnServer(server, { text: 'It is cold and' });
    expect(run).toMatchObject({ status: 'failed', last_error: { code } });
    expect(run.last_error?.message).not.toContain('ended before');
    expect(message).toMatchObject({ incomplete_details: { reason: 'run_failed' } });
  });

  test('is read from an SSE field named error', async () => {
    const error = 'error: {"code":503,"message":"Slot unavailable.","type":"server_error"}\n\n';
    const server: ChatServer = { write: (chunks) => writeEvents(chunks.slice(0, 3), error) };
    const { run } = await runOnServer(server, { text: 'It is cold and' });
    expect(run.last_error?.message).toContain('Slot unavailable.');
  });
});

const repeatedCall = () => toolCall('get_weather', { city: 'Oslo' }, 'call_0');

test('callers get unique call ids even if the server repeats its own, which are sent back unchanged', async () => {
  const { harness, upstream } = await open();
  const unusualCall = toolCall('get_weather', { city: 'Rome' }, 'functions.get_weather:1');
  upstream.respondWith({ calls: [repeatedCall(), unusualCall] }, { calls: [repeatedCall()] }, {});
  const { run } = await createRun(harness);
  const shownIds: string[] = [];
  for (let turns = 0; turns < 2; turns += 1) {
    await harness.runToEnd();
    const waiting = await readRun(harness, run);
    shownIds.push(...callIds(waiting));
    await submitOutputs(harness, waiting);
  }
  await harness.runToEnd();
  expect((await readRun(harness, run)).status).toBe('completed');
  expect(new Set(shownIds).size).toBe(3);
  expect(shownIds[0]).toBe('call_0');
  const sentIds = upstream
    .sent()
    .messages.flatMap((message) => (message.role === 'tool' ? [message.tool_call_id] : []));
  expect(sentIds).toEqual(['call_0', 'functions.get_weather:1', 'call_0']);
});

test('zeros at the end of a stream do not overwrite the usage', async () => {
  const zeros = { choices: [], usage: { prompt_tokens: 0, completion_tokens: 0 } };
  const { run } = await runOnServer({ edit: (chunks) => [...chunks, zeros] }, { text: 'Snow.' });
  expect(run.usage).toMatchObject({ prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 });
});

test('completion tokens count even if the server reports no prompt tokens', async () => {
  const usageChunk = { choices: [], usage: { prompt_tokens: 0, completion_tokens: 4 } };
  const server: ChatServer = { edit: (chunks) => [...chunks, usageChunk] };
  const { run } = await runOnServer(server, { text: 'Snow.', usage: null });
  expect(run.usage).toMatchObject({ completion_tokens: 4, total_tokens: 4 });
});

test('finish_reason error fails the run even after text', async () => {
  const failed = { choices: [{ index: 0, delta: {}, finish_reason: 'error' }] };
  const server: ChatServer = { edit: (chunks) => [...chunks.slice(0, 3), failed] };
  const { run } = await runOnServer(server, { text: 'It is cold and' });
  expect(run).toMatchObject({ status: 'failed', last_error: { code: 'server_error' } });
});

test('a connection that breaks after finish_reason does not fail the run', async () => {
  const upstream = createChatUpstream();
  upstream.respondWith({ text: 'Snow.' });
  const brokenFetch: typeof fetch = async (input, init) => {
    const response = await upstream.fetch(input, init);
    const [beforeEnd = ''] = (await response.text()).split('data: [DONE]');
    const parts = async function* parts() {
      yield new TextEncoder().encode(beforeEnd);
      throw new TypeError('terminated');
    };
    return new Response(ReadableStream.from(parts()), response);
  };
  const endpoint = { fetch: brokenFetch, rejections: upstream.rejections };
  const harness = await setup({ model: 'chat', baseURL, endpoint });
  const { run } = await createRun(harness);
  await harness.runToEnd();
  expect(await readRun(harness, run)).toMatchObject({
    status: 'completed',
    usage: { total_tokens: 15 },
  });
});

test('a call without arguments gets an empty object', async () => {
  const { run } = await runOnServer({}, { calls: [{ id: 'call_a', name: 'now', args: '' }] });
  expect(run.required_action?.submit_tool_outputs.tool_calls[0]?.function.arguments).toBe('{}');
});

test('text and a refusal become two parts of one message', async () => {
  const { message } = await runOnServer({}, { text: 'Hm.', refusal: 'No.' });
  expect(message?.content).toMatchObject([
    { type: 'text', text: { value: 'Hm.' } },
    { type: 'refusal', refusal: 'No.' },
  ]);
});

test('a stream with nothing but its end marker completes the run without a message', async () => {
  const { run, message } = await runOnServer({ edit: () => [] }, {});
  expect([run.status, message]).toEqual(['completed', undefined]);
});

test('a run with code_interpreter is rejected', async () => {
  const { harness } = await open();
  const tools = [weatherTool, { type: 'code_interpreter' as const }];
  const error = await apiErrorOf(createRun(harness, {}, { tools }));
  expect(error.status).toBe(400);
  expect(error.message).toContain("'tools[1].type' is 'code_interpreter', which Chat Completions");
});

test('the message has the text of the stream', async () => {
  const { message } = await runOnServer({}, { text: 'Snow. ❄️' });
  expect(message && textOf(message)).toBe('Snow. ❄️');
});
