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
  return { it: harness, upstream };
}

/** The messages that a thread becomes. */
async function sentFor(messages: Message[], params: Params = {}) {
  const { it: harness, upstream } = await open();
  upstream.respondWith({});
  const { id: assistant_id } = await createAssistant(harness);
  const { id } = await harness.openai.beta.threads.create({ messages });
  const run = await harness.openai.beta.threads.runs.create(id, { assistant_id, ...params });
  await harness.runToEnd();
  expect((await readRun(harness, run)).last_error).toBeNull();
  return upstream.sent();
}

/** A run of one call on a server. */
async function ask(server: ChatServer, reply: Reply) {
  const { it: harness, upstream } = await open(server);
  upstream.respondWith(reply);
  const { run, thread_id } = await createRun(harness);
  await harness.runToEnd();
  const [, message] = await readMessages(harness, thread_id);
  return { it: harness, upstream, run: await readRun(harness, run), message };
}

const user = (content: Message['content']): Message => ({ role: 'user', content });
const assistant = (content: string): Message => ({ role: 'assistant', content });

describe('what is sent', () => {
  test('has none of the tools that are not there and must not be used', async () => {
    const tools = [weatherTool, { type: 'file_search' as const }];
    const sent = await sentFor([user('one')], { tools, tool_choice: 'none' });
    expect(sent.tools).toMatchObject([weatherTool]);
    expect(sent.tool_choice).toBe('none');
  });

  test('is a system message and the thread, in which roles alternate', async () => {
    const thread = [user('one'), user('two'), assistant('three'), assistant('four'), user('five')];
    const { messages } = await sentFor(thread);
    expect(messages).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'one\n\ntwo' },
      { role: 'assistant', content: 'three\n\nfour' },
      { role: 'user', content: 'five' },
    ]);
  });

  test('joins images to what was said before', async () => {
    const url = 'https://example.com/cat.png';
    const shown = user([{ type: 'image_url', image_url: { url, detail: 'low' } }]);
    const { messages } = await sentFor([user('Look:'), shown]);
    expect(messages[1]).toEqual({
      role: 'user',
      content: [
        { type: 'text', text: 'Look:' },
        { type: 'image_url', image_url: { url, detail: 'low' } },
      ],
    });
  });

  test('begins with a user where nobody has said anything', async () => {
    const { messages } = await sentFor([], { instructions: 'Say hello.' });
    expect(messages).toEqual([{ role: 'user', content: 'Say hello.' }]);
  });

  test('says json where that is demanded', async () => {
    const json = { response_format: { type: 'json_object' } } as const;
    expect((await sentFor([user('Weather?')], json)).messages[0]).toEqual({
      role: 'system',
      content: 'Be brief.\n\nAnswer with JSON.',
    });
    const { messages } = await sentFor([user('Weather as JSON?')], json);
    expect(messages[0]?.content).toBe('Be brief.');
  });

  test('has functions as they are, strict only when they are and then closed', async () => {
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

  test('has nothing of tools where there are none', async () => {
    const sent = await sentFor([user('Hi.')], { tools: [], parallel_tool_calls: false });
    expect(Object.keys(sent)).toEqual(['model', 'messages', 'stream', 'stream_options']);
  });
});

test.each(['data: null\n\n', 'data:\n\n', 'event: ping\ndata: \n\n'])(
  '%j is not the end',
  async (nothing) => {
    const server: ChatServer = { write: (chunks) => `${nothing}${writeEvents(chunks)}` };
    const { message } = await ask(server, { text: 'Snow.' });
    expect(message && textOf(message)).toBe('Snow.');
  },
);

describe('an error', () => {
  const plain = { 'x-should-retry': 'false' };
  test.each([
    ['a string', Response.json({ error: 'model is loading' }, { status: 400 }), 'model is loading'],
    ['a detail', Response.json({ detail: 'Not Found' }, { status: 404 }), 'Not Found'],
    [
      'details',
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
    ['plain text', new Response('no such route', { status: 404, headers: plain }), 'no such route'],
    ['of status 200', Response.json({ error: 'Unexpected endpoint.' }), 'Unexpected endpoint.'],
  ])('may be %s', async (_, response, message) => {
    const { run } = await ask({ refuse: () => response }, {});
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
  ])('may come in the stream (%j)', async (error, code) => {
    const server: ChatServer = { edit: (chunks) => [...chunks.slice(0, 3), error] };
    const { run, message } = await ask(server, { text: 'It is cold and' });
    expect(run).toMatchObject({ status: 'failed', last_error: { code } });
    expect(run.last_error?.message).not.toContain('ended before');
    expect(message).toMatchObject({ incomplete_details: { reason: 'run_failed' } });
  });

  test('may come in a field of its own', async () => {
    const error = 'error: {"code":503,"message":"Slot unavailable.","type":"server_error"}\n\n';
    const server: ChatServer = { write: (chunks) => writeEvents(chunks.slice(0, 3), error) };
    const { run } = await ask(server, { text: 'It is cold and' });
    expect(run.last_error?.message).toContain('Slot unavailable.');
  });
});

const repeated = () => toolCall('get_weather', { city: 'Oslo' }, 'call_0');

test('ids that a server repeats are still told apart, and go back to it as they were', async () => {
  const { it: harness, upstream } = await open();
  const strange = toolCall('get_weather', { city: 'Rome' }, 'functions.get_weather:1');
  upstream.respondWith({ calls: [repeated(), strange] }, { calls: [repeated()] }, {});
  const { run } = await createRun(harness);
  const seen: string[] = [];
  for (let turns = 0; turns < 2; turns += 1) {
    await harness.runToEnd();
    const waiting = await readRun(harness, run);
    seen.push(...callIds(waiting));
    await submitOutputs(harness, waiting);
  }
  await harness.runToEnd();
  expect((await readRun(harness, run)).status).toBe('completed');
  expect(new Set(seen).size).toBe(3);
  expect(seen[0]).toBe('call_0');
  const answered = upstream
    .sent()
    .messages.flatMap((message) => (message.role === 'tool' ? [message.tool_call_id] : []));
  expect(answered).toEqual(['call_0', 'functions.get_weather:1', 'call_0']);
});

test('a count is not undone by an empty one', async () => {
  const nothing = { choices: [], usage: { prompt_tokens: 0, completion_tokens: 0 } };
  const { run } = await ask({ edit: (chunks) => [...chunks, nothing] }, { text: 'Snow.' });
  expect(run.usage).toMatchObject({ prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 });
});

test('an answer is counted where the question is not', async () => {
  const counted = { choices: [], usage: { prompt_tokens: 0, completion_tokens: 4 } };
  const server: ChatServer = { edit: (chunks) => [...chunks, counted] };
  const { run } = await ask(server, { text: 'Snow.', usage: null });
  expect(run.usage).toMatchObject({ completion_tokens: 4, total_tokens: 4 });
});

test('an end in error is a failure, whatever was said', async () => {
  const broken = { choices: [{ index: 0, delta: {}, finish_reason: 'error' }] };
  const server: ChatServer = { edit: (chunks) => [...chunks.slice(0, 3), broken] };
  const { run } = await ask(server, { text: 'It is cold and' });
  expect(run).toMatchObject({ status: 'failed', last_error: { code: 'server_error' } });
});

test('a connection that breaks when all is said costs nothing', async () => {
  const upstream = createChatUpstream();
  upstream.respondWith({ text: 'Snow.' });
  const breaking: typeof fetch = async (input, init) => {
    const answer = await upstream.fetch(input, init);
    const [said = ''] = (await answer.text()).split('data: [DONE]');
    const parts = async function* parts() {
      yield new TextEncoder().encode(said);
      throw new TypeError('terminated');
    };
    return new Response(ReadableStream.from(parts()), answer);
  };
  const endpoint = { fetch: breaking, refusals: upstream.refusals };
  const harness = await setup({ model: 'chat', baseURL, endpoint });
  const { run } = await createRun(harness);
  await harness.runToEnd();
  expect(await readRun(harness, run)).toMatchObject({
    status: 'completed',
    usage: { total_tokens: 15 },
  });
});

test('calls of no arguments have empty ones', async () => {
  const { run } = await ask({}, { calls: [{ id: 'call_a', name: 'now', args: '' }] });
  expect(run.required_action?.submit_tool_outputs.tool_calls[0]?.function.arguments).toBe('{}');
});

test('text and a refusal are parts of one message', async () => {
  const { message } = await ask({}, { text: 'Hm.', refusal: 'No.' });
  expect(message?.content).toMatchObject([
    { type: 'text', text: { value: 'Hm.' } },
    { type: 'refusal', refusal: 'No.' },
  ]);
});

test('a stream that says nothing and is done is an empty answer', async () => {
  const { run, message } = await ask({ edit: () => [] }, {});
  expect([run.status, message]).toEqual(['completed', undefined]);
});

test.each(['file_search', 'code_interpreter'] as const)('%s is refused', async (type) => {
  const { it: harness } = await open();
  const error = await apiErrorOf(createRun(harness, {}, { tools: [weatherTool, { type }] }));
  expect(error.status).toBe(400);
  expect(error.message).toContain(`'tools[1].type' is '${type}', which Chat Completions`);
});

test('the text of a thread is what was said', async () => {
  const { message } = await ask({}, { text: 'Snow. ❄️' });
  expect(message && textOf(message)).toBe('Snow. ❄️');
});
