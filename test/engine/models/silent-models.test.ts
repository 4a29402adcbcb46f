import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { waitUntil } from '../../support/clock.ts';
import { createRun, readMessages, readRun, textOf } from '../../support/conversation.ts';
import { setup } from '../../support/engine.ts';
import { goodEvents } from '../../support/faulty-endpoint.ts';

const apis = ['chat', 'responses'] as const;

const answer = (api: (typeof apis)[number]): string =>
  goodEvents[api]
    .map((event) => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`)
    .join('');

/** A server whose streams the test writes. */
function createSlowServer() {
  const streams: ReadableStreamDefaultController<Uint8Array>[] = [];
  const fetch: typeof globalThis.fetch = async (_, init) => {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        streams.push(controller);
        init?.signal?.addEventListener('abort', () => controller.error(init.signal?.reason));
      },
    });
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
  };
  return {
    fetch,
    streams,
    write: (text: string) => streams.at(-1)?.enqueue(new TextEncoder().encode(text)),
  };
}

const signsOfLife = [
  ['a comment', ': OPENROUTER PROCESSING\n\n'],
  ['an event without data', 'event: ping\n\n'],
  ['a ping', 'event: ping\ndata: {"type": "ping"}\n\n'],
  ['a ping whose data is no JSON', 'event: keepalive\ndata: 1\n\n'],
  ['a keep-alive that is no JSON', 'data: [KEEP-ALIVE]\n\n'],
  ["OpenAI's keep-alive", 'data: {"type":"keepalive","sequence_number":3}\n\n'],
  ['an empty object', 'data: {}\n\n'],
  ['null', 'data: null\n\n'],
  ['a part of an event', 'da'],
] as const;

describe.each(apis)('over %s, with --model-timeout 60,', (api) => {
  test.each(signsOfLife)('a model that sends only %s for ten minutes is alive', async (_, life) => {
    const server = createSlowServer();
    const harness = await setup({
      model: api,
      baseURL: 'http://localhost:1234/v1',
      key: null,
      modelTimeout: 60,
      runLifetime: 3600,
      endpoint: { fetch: server.fetch, rejections: [] },
    });
    const { run, thread_id } = await createRun(harness);
    await harness.engine.tick();
    await waitUntil(() => server.streams.length > 0);
    for (let seconds = 0; seconds < 600; seconds += 50) {
      if (life !== 'da') server.write(life);
      else if (seconds < 100) server.write(seconds === 0 ? 'd' : 'ata: {}\n\n');
      else server.write(': \n\n');
      await harness.clock.advance(50_000);
    }
    server.write(answer(api));
    await harness.engine.idle();
    expect(await readRun(harness, run)).toMatchObject({ status: 'completed', last_error: null });
    expect((await readMessages(harness, thread_id)).map(textOf)).toContain('Snow.');
    expect(server.streams).toHaveLength(1);
  });

  test('a model that sends nothing is called again', async () => {
    const server = createSlowServer();
    const harness = await setup({
      model: api,
      modelTimeout: 60,
      endpoint: { fetch: server.fetch, rejections: [] },
    });
    await createRun(harness);
    await harness.engine.tick();
    await waitUntil(() => server.streams.length > 0);
    await harness.clock.advance(70_000);
    await waitUntil(() => server.streams.length > 1);
    expect(server.streams).toHaveLength(2);
  });
});

test('with auto, a keep-alive as the first event is no other API', async () => {
  const urls: string[] = [];
  const harness = await setup({
    model: 'auto',
    baseURL: 'http://localhost:1234/v1',
    key: null,
    endpoint: {
      rejections: [],
      fetch: async (input) => {
        urls.push(new URL(new Request(input).url).pathname);
        const keepAlive = signsOfLife.map(([, life]) => (life === 'da' ? '' : life)).join('');
        return new Response(keepAlive + answer('responses'), {
          headers: { 'content-type': 'text/event-stream' },
        });
      },
    },
  });
  const { run } = await createRun(harness);
  await harness.runToEnd();
  expect([(await readRun(harness, run)).status, urls]).toEqual(['completed', ['/v1/responses']]);
});

const globalDispatcher = Symbol.for('undici.globalDispatcher.1');

test("Node's own time limit of fetch does not end a model call", async () => {
  const waiting: ServerResponse[] = [];
  const server = createServer((request, response) => {
    request.resume();
    if (request.method === 'POST') waiting.push(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port
  const { port } = server.address() as AddressInfo;
  const harness = await setup({
    model: 'chat',
    baseURL: `http://127.0.0.1:${port}/v1`,
    key: null,
    endpoint: { fetch: globalThis.fetch, rejections: [] },
  });
  // A limit of a millisecond instead of five minutes.
  const usual: object = Reflect.get(globalThis, globalDispatcher);
  const impatient = Reflect.construct(usual.constructor, [{ headersTimeout: 1, bodyTimeout: 1 }]);
  Reflect.set(globalThis, globalDispatcher, impatient);
  onTestFinished(() => void Reflect.set(globalThis, globalDispatcher, usual));
  const { run } = await createRun(harness);
  await harness.engine.tick();
  while (waiting.length === 0) await new Promise(setImmediate);
  const plain = await fetch(`http://127.0.0.1:${port}/`).catch((error: unknown) => error);
  expect(Reflect.get(Object(Reflect.get(Object(plain), 'cause')), 'code')).toBe(
    'UND_ERR_HEADERS_TIMEOUT',
  );
  waiting[0]?.writeHead(200, { 'content-type': 'text/event-stream' }).end(answer('chat'));
  await harness.engine.idle();
  expect((await readRun(harness, run)).status).toBe('completed');
  expect(waiting).toHaveLength(1);
});
