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

/** A harness that detects the API of a server without Responses. */
async function openWithServer(server: ChatServer) {
  const upstream = createChatUpstream({ server });
  return { upstream, harness: await setup({ model: 'auto', baseURL, endpoint: upstream }) };
}

async function run(harness: Awaited<ReturnType<typeof setup>>) {
  const created = await createRun(harness);
  await harness.runToEnd();
  return readRun(harness, created.run);
}

describe('auto-detection at an endpoint with the Responses API', () => {
  test.each([null, baseURL])('calls only /responses (base URL %s)', async (url) => {
    const harness = await setup({ model: 'auto', ...(url === null ? {} : { baseURL: url }) });
    harness.upstream.respondWith({ output: [textMessage('Hi.')] }, {});
    expect((await run(harness)).status).toBe('completed');
    expect((await run(harness)).status).toBe('completed');
    expect(harness.upstream.requests.map((request) => new URL(request.url).pathname)).toEqual([
      '/v1/responses',
      '/v1/responses',
    ]);
  });

  test('reads a response that is not streamed', async () => {
    const upstream = createUpstream({ apiKey: null });
    upstream.respondWith({ output: [textMessage('All at once.')] });
    const withoutStreaming: typeof fetch = async (input, init) => {
      const text = await (await upstream.fetch(input, init)).text();
      const last = text.split('\n').findLast((line) => line.startsWith('data: ')) ?? '';
      return Response.json(JSON.parse(last.slice(6)).response);
    };
    const endpoint = { fetch: withoutStreaming, rejections: upstream.rejections };
    const harness = await setup({ model: 'auto', baseURL, endpoint });
    const { run: created, thread_id } = await createRun(harness);
    await harness.runToEnd();
    expect((await readRun(harness, created)).status).toBe('completed');
    expect((await readMessages(harness, thread_id)).map(textOf)).toContain('All at once.');
  });

  test.each(['event: ping\ndata: {"type":"ping"}\n\n', 'data: {}\n\n'])(
    'skips keep-alive events of a gateway (%j)',
    async (keepAlive) => {
      const upstream = createUpstream({ apiKey: null });
      upstream.respondWith({ output: [textMessage('Here I am.')] });
      const withKeepAlive: typeof fetch = async (input, init) => {
        const response = await upstream.fetch(input, init);
        return new Response(keepAlive.repeat(2) + (await response.text()), response);
      };
      const endpoint = { fetch: withKeepAlive, rejections: upstream.rejections };
      const harness = await setup({ model: 'auto', baseURL, endpoint });
      expect(await run(harness)).toMatchObject({ status: 'completed', last_error: null });
      expect(upstream.requests).toHaveLength(1);
    },
  );

  test('never falls back to Chat Completions at OpenAI itself', async () => {
    const upstream = createChatUpstream({ apiKey });
    const harness = await setup({ model: 'auto', endpoint: upstream });
    const { last_error } = await run(harness);
    expect(last_error?.message).toContain('Invalid URL (POST /v1/responses)');
    expect(upstream.requests).toEqual([]);
  });
});

describe('auto-detection stays undecided', () => {
  test.each([500, 503, 429])('after a %i', async (status) => {
    let responses = 0;
    const { harness, upstream } = await openWithServer({
      responses: () => {
        responses += 1;
        return responses === 1
          ? chatError(status, { message: 'Not now.' })
          : chatError(404, { message: 'Not here.' });
      },
    });
    const first = await run(harness);
    expect(first.status).toBe('failed');
    expect(first.last_error?.message).toContain('Not now.');
    upstream.respondWith({ text: 'Hi.' });
    expect((await run(harness)).status).toBe('completed');
  });

  test('after a 404 for an unknown model', async () => {
    const { harness, upstream } = await openWithServer({
      responses: () => chatError(404, { message: 'model "x" not found', code: 404 }),
    });
    upstream.respondWith({ http: { status: 404, error: { message: 'model "x" not found' } } });
    const failed = await run(harness);
    expect(failed.last_error?.message).toContain('model "x" not found');
    upstream.respondWith({ text: 'Hi.' });
    expect((await run(harness)).status).toBe('completed');
    expect(upstream.responsesAttempts()).toBe(2);
  });
});

test('runs that start before the API is detected all complete', async () => {
  const { harness, upstream } = await openWithServer({});
  upstream.respondWith({ text: 'One.' }, { text: 'Two.' }, { text: 'Three.' });
  const created = await Promise.all([createRun(harness), createRun(harness), createRun(harness)]);
  await harness.runToEnd();
  const ended = await Promise.all(created.map((one) => readRun(harness, one.run)));
  expect(ended.map(({ status }) => status)).toEqual(['completed', 'completed', 'completed']);
});

test('a run fails with a hint at the base URL if the endpoint returns web pages', async () => {
  const { harness } = await openWithServer({
    responses: () => new Response('<html>', { headers: { 'content-type': 'text/html' } }),
    respond: () => new Response('<html>', { headers: { 'content-type': 'text/html' } }),
    reject: () => new Response('<html>', { headers: { 'content-type': 'text/html' } }),
  });
  const { status, last_error } = await run(harness);
  expect(status).toBe('failed');
  expect(last_error?.message).toContain('check its base URL, which may lack a suffix such as /v1');
});

test('a run fails with a clear error if Responses is configured but missing', async () => {
  const upstream = createChatUpstream({
    server: { responses: () => Response.json({ error: 'Unexpected endpoint or method.' }) },
  });
  const harness = await setup({ model: 'responses', baseURL, endpoint: upstream });
  const { status, last_error } = await run(harness);
  expect(status).toBe('failed');
  expect(last_error?.message).toContain('does not support the Responses API');
});

test('hosted tools are rejected with 400 once Chat Completions is detected', async () => {
  const { harness, upstream } = await openWithServer({});
  upstream.respondWith({ text: 'Hi.' });
  await run(harness);
  const { id: assistant_id } = await createAssistant(harness, {
    tools: [{ type: 'code_interpreter' }],
  });
  const thread = await createThread(harness);
  const error = await apiErrorOf(
    harness.openai.beta.threads.runs.create(thread.id, { assistant_id }),
  );
  expect(error.status).toBe(400);
  expect(error.message).toContain("'tools[0].type' is 'code_interpreter', which Chat Completions");
});

test('a run with hosted tools fails if Chat Completions is detected during the run', async () => {
  const { harness, upstream } = await openWithServer({});
  const tools = [{ type: 'code_interpreter' as const }];
  // The endpoint has containers but no Responses API.
  const { run: created } = await createRun(harness, { tools });
  await harness.runToEnd();
  const { status, last_error } = await readRun(harness, created);
  expect(status).toBe('failed');
  expect(last_error?.message).toContain(
    "'tools[0].type' is 'code_interpreter', which Chat Completions",
  );
  expect(upstream.requests).toEqual([]);
});

test('a run that waits for tool outputs continues with the detected API', async () => {
  const { harness, upstream } = await openWithServer({});
  upstream.respondWith({ calls: [toolCall('get_weather', { city: 'Oslo' })] }, { text: 'Snow.' });
  const { run: created } = await createRun(harness);
  await harness.runToEnd();
  await submitOutputs(harness, await readRun(harness, created));
  await harness.runToEnd();
  expect((await readRun(harness, created)).status).toBe('completed');
  expect(upstream.responsesAttempts()).toBe(1);
});

describe('an endpoint with part of the Responses API', () => {
  const refusals: [number, string][] = [
    [400, 'The model does not support Responses API'],
    [400, "Cannot determine type of 'item'"],
    [400, 'Unsupported parameter: input[1].content'],
    [400, "Unknown item type 'message'"],
    [422, '1 validation error for ResponsesRequest: input should be a valid string'],
    [500, 'The Responses API is not implemented'],
    [501, 'Not implemented'],
    [405, 'Method Not Allowed'],
  ];

  test.each(refusals)('is called by Chat Completions after %i "%s"', async (status, message) => {
    const { harness, upstream } = await openWithServer({
      responses: () => chatError(status, { message }),
    });
    upstream.respondWith({ text: 'One.' }, { text: 'Two.' });
    for (const requests of [1, 2]) {
      expect(await run(harness)).toMatchObject({ status: 'completed', last_error: null });
      expect(upstream.requests).toHaveLength(requests);
      expect(upstream.responsesAttempts()).toBe(1);
    }
    const logged = harness.logLines.filter((line) => line.includes('called by another API'));
    expect(logged).toHaveLength(1);
    expect(logged[0]).toContain(message);
  });

  test('goes on with Responses for other models', async () => {
    const upstream = createUpstream({ apiKey: null });
    const chat = createChatUpstream();
    const models: unknown[] = [];
    const fetchBoth: typeof fetch = async (input, init) => {
      const request = new Request(input, init);
      if (!request.url.endsWith('/responses')) return chat.fetch(input, init);
      const { model } = JSON.parse(await request.text());
      models.push(model);
      return model === 'small'
        ? chatError(400, { message: 'The model does not support Responses API' })
        : upstream.fetch(input, init);
    };
    const endpoint = { fetch: fetchBoth, rejections: upstream.rejections };
    const harness = await setup({ model: 'auto', baseURL, endpoint });
    const runWith = async (model: string) => {
      const created = await createRun(harness, { model });
      await harness.runToEnd();
      return (await readRun(harness, created.run)).status;
    };
    chat.respondWith({ text: 'One.' }, { text: 'Two.' });
    upstream.respondWith({ output: [textMessage('Three.')] });
    expect([await runWith('small'), await runWith('small'), await runWith('large')]).toEqual([
      'completed',
      'completed',
      'completed',
    ]);
    expect(models).toEqual(['small', 'large']);
  });

  test.each([
    ["Chat's error where both refuse the request", 400, 'Invalid image.', 'Invalid image.'],
    ["Responses' error where Chat is missing", 404, 'Not Found', 'Unsupported image format.'],
  ])('shows %s, and decides nothing', async (_, status, chatMessage, shown) => {
    let isBad = true;
    const { harness, upstream } = await openWithServer({
      responses: () => chatError(400, { message: 'Unsupported image format.' }),
      reject: () => (isBad ? chatError(status, { message: chatMessage }) : null),
    });
    const failed = await run(harness);
    expect(failed.last_error?.message).toContain(shown);
    isBad = false;
    upstream.respondWith({ text: 'Hi.' });
    expect((await run(harness)).status).toBe('completed');
    expect(upstream.responsesAttempts()).toBe(2);
  });

  test.each([
    [400, 'Your account is not active.'],
    [500, 'Out of memory.'],
    [401, 'Unknown key.'],
  ])('is not called by Chat Completions after %i "%s"', async (status, message) => {
    const { harness, upstream } = await openWithServer({
      responses: () => chatError(status, { message }),
    });
    expect((await run(harness)).last_error?.message).toContain(message);
    expect(upstream.requests).toEqual([]);
  });
});
