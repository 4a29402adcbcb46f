import { describe, expect, test } from 'vitest';
import { type ChatServer, chatError, createChatUpstream } from '../../support/chat-upstream.ts';
import { apiKey, setup } from '../../support/engine.ts';
import { toolCall } from '../../support/chat-replies.ts';
import {
  createAssistant,
  createRun,
  createThread,
  readMessages,
  readRun,
  apiErrorOf,
  submitOutputs,
  textOf,
} from '../../support/conversation.ts';
import { textMessage } from '../../support/upstream-items.ts';
import { createUpstream } from '../../support/upstream.ts';

const baseURL = 'http://localhost:11434/v1';

/** An engine that is to find out what a server without Responses speaks. */
async function meet(server: ChatServer) {
  const upstream = createChatUpstream({ server });
  return { upstream, harness: await setup({ model: 'auto', baseURL, endpoint: upstream }) };
}

async function run(harness: Awaited<ReturnType<typeof setup>>) {
  const made = await createRun(harness);
  await harness.runToEnd();
  return readRun(harness, made.run);
}

describe('an endpoint that has Responses', () => {
  test.each([null, baseURL])('is asked for nothing else (%s)', async (url) => {
    const harness = await setup({ model: 'auto', ...(url === null ? {} : { baseURL: url }) });
    harness.upstream.respondWith({ output: [textMessage('Hi.')] }, {});
    expect((await run(harness)).status).toBe('completed');
    expect((await run(harness)).status).toBe('completed');
    expect(harness.upstream.requests.map((request) => new URL(request.url).pathname)).toEqual([
      '/v1/responses',
      '/v1/responses',
    ]);
  });

  test('and answers it in one piece is understood', async () => {
    const upstream = createUpstream({ apiKey: null });
    upstream.respondWith({ output: [textMessage('All at once.')] });
    const whole: typeof fetch = async (input, init) => {
      const text = await (await upstream.fetch(input, init)).text();
      const last = text.split('\n').findLast((line) => line.startsWith('data: ')) ?? '';
      return Response.json(JSON.parse(last.slice(6)).response);
    };
    const endpoint = { fetch: whole, refusals: upstream.refusals };
    const harness = await setup({ model: 'auto', baseURL, endpoint });
    const { run: made, thread_id } = await createRun(harness);
    await harness.runToEnd();
    expect((await readRun(harness, made)).status).toBe('completed');
    expect((await readMessages(harness, thread_id)).map(textOf)).toContain('All at once.');
  });

  test.each(['event: ping\ndata: {"type":"ping"}\n\n', 'data: {}\n\n'])(
    'behind a gateway that fills the wait (%j) is asked for nothing else',
    async (ping) => {
      const upstream = createUpstream({ apiKey: null });
      upstream.respondWith({ output: [textMessage('Here I am.')] });
      const waiting: typeof fetch = async (input, init) => {
        const answer = await upstream.fetch(input, init);
        return new Response(ping.repeat(2) + (await answer.text()), answer);
      };
      const endpoint = { fetch: waiting, refusals: upstream.refusals };
      const harness = await setup({ model: 'auto', baseURL, endpoint });
      expect(await run(harness)).toMatchObject({ status: 'completed', last_error: null });
      expect(upstream.requests).toHaveLength(1);
    },
  );

  test("of OpenAI's own never is taken for one without", async () => {
    const upstream = createChatUpstream({ apiKey });
    const harness = await setup({ model: 'auto', endpoint: upstream });
    const { last_error } = await run(harness);
    expect(last_error?.message).toContain('Invalid URL (POST /v1/responses)');
    expect(upstream.requests).toEqual([]);
  });
});

describe('what decides nothing', () => {
  test.each([500, 503, 429])('is a %i', async (status) => {
    let answers = 0;
    const { harness: it, upstream } = await meet({
      responses: () => {
        answers += 1;
        return answers === 1
          ? chatError(status, { message: 'Not now.' })
          : chatError(404, { message: 'Not here.' });
      },
    });
    const first = await run(it);
    expect(first.status).toBe('failed');
    expect(first.last_error?.message).toContain('Not now.');
    upstream.respondWith({ text: 'Hi.' });
    expect((await run(it)).status).toBe('completed');
  });

  test('is a model that is not there', async () => {
    const { harness: it, upstream } = await meet({
      responses: () => chatError(404, { message: 'model "x" not found', code: 404 }),
    });
    upstream.respondWith({ http: { status: 404, error: { message: 'model "x" not found' } } });
    const failed = await run(it);
    expect(failed.last_error?.message).toContain('model "x" not found');
    upstream.respondWith({ text: 'Hi.' });
    expect((await run(it)).status).toBe('completed');
    expect(upstream.triedResponses()).toBe(2);
  });
});

test('runs that begin at once all find out', async () => {
  const { harness: it, upstream } = await meet({});
  upstream.respondWith({ text: 'One.' }, { text: 'Two.' }, { text: 'Three.' });
  const made = await Promise.all([createRun(it), createRun(it), createRun(it)]);
  await it.runToEnd();
  const ended = await Promise.all(made.map((one) => readRun(it, one.run)));
  expect(ended.map(({ status }) => status)).toEqual(['completed', 'completed', 'completed']);
});

test('an endpoint of neither kind says why', async () => {
  const { harness: it } = await meet({
    responses: () => new Response('<html>', { headers: { 'content-type': 'text/html' } }),
    answer: () => new Response('<html>', { headers: { 'content-type': 'text/html' } }),
    refuse: () => new Response('<html>', { headers: { 'content-type': 'text/html' } }),
  });
  const { status, last_error } = await run(it);
  expect(status).toBe('failed');
  expect(last_error?.message).toContain('its base URL may lack a part such as /v1');
});

test('told to use Responses, it says that there is none', async () => {
  const upstream = createChatUpstream({
    server: { responses: () => Response.json({ error: 'Unexpected endpoint or method.' }) },
  });
  const harness = await setup({ model: 'responses', baseURL, endpoint: upstream });
  const { status, last_error } = await run(harness);
  expect(status).toBe('failed');
  expect(last_error?.message).toContain('does not support the Responses API');
});

test('tools that Chat Completions lacks are refused once that is what is spoken', async () => {
  const { harness: it, upstream } = await meet({});
  upstream.respondWith({ text: 'Hi.' });
  await run(it);
  const { id: assistant_id } = await createAssistant(it, { tools: [{ type: 'file_search' }] });
  const thread = await createThread(it);
  const error = await apiErrorOf(it.openai.beta.threads.runs.create(thread.id, { assistant_id }));
  expect(error.status).toBe(400);
  expect(error.message).toContain("'tools[0].type' is 'file_search', which Chat Completions");
});

test('a run with such a tool fails where nobody knew before', async () => {
  const { harness: it, upstream } = await meet({});
  const tools = [{ type: 'file_search' as const }];
  // The endpoint has vector stores, and yet no Responses.
  const { run: made } = await createRun(it, { tools });
  await it.runToEnd();
  const { status, last_error } = await readRun(it, made);
  expect(status).toBe('failed');
  expect(last_error?.message).toContain("'tools[0].type' is 'file_search', which Chat Completions");
  expect(upstream.requests).toEqual([]);
});

test('a run goes on through Chat where it waits', async () => {
  const { harness: it, upstream } = await meet({});
  upstream.respondWith({ calls: [toolCall('get_weather', { city: 'Oslo' })] }, { text: 'Snow.' });
  const { run: made } = await createRun(it);
  await it.runToEnd();
  await submitOutputs(it, await readRun(it, made));
  await it.runToEnd();
  expect((await readRun(it, made)).status).toBe('completed');
  expect(upstream.triedResponses()).toBe(1);
});
