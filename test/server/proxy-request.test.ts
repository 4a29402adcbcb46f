import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { IncomingMessage } from 'node:http';
import { connect, Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { toFile } from 'openai';
import { describe, expect, test } from 'vitest';
import { createUpstreamProxy } from '../../src/server/upstream-proxy.ts';
import { waitUntil } from '../support/clock.ts';
import { respondJson, serverKey, startProxy } from '../support/proxy.ts';
import { type RunningServe, sdkFor, startServe, writeRaw } from '../support/serve.ts';

const token = 'let-me-in-0123456789-abcdefgh';

const sha256 = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex');

const errorBody = (message: string, code: string | null = null) => ({
  error: { message, type: 'server_error', param: null, code },
});

/** Whether the log has a request whose client disconnected. */
const hasClientClosed = (served: RunningServe) =>
  served.lines().some(({ message, status }) => message === 'request answered' && status === 499);

describe('a proxied request', () => {
  test('carries the server’s key and nothing that identifies the client', async () => {
    const { served, requests } = await startProxy(respondJson({ object: 'list', data: [] }), {
      env: { ASSISTANTS_TOKEN: token },
    });
    const response = await fetch(`${served.url}/v1/models?limit=2&after=a%2Fb`, {
      headers: {
        authorization: `Bearer ${token}`,
        'api-key': token,
        'x-api-key': token,
        'ocp-apim-subscription-key': token,
        'x-real-ip': '10.0.0.1',
        'openai-organization': 'org-caller',
        'openai-project': 'proj-caller',
        cookie: 'session=1',
        referer: 'http://localhost/page',
        forwarded: 'for=10.0.0.1',
        'x-forwarded-for': '10.0.0.1',
        'x-custom': 'kept',
        'idempotency-key': 'key-1',
        'openai-beta': 'assistants=v2',
        'user-agent': 'OpenAI/JS 7.57.0',
      },
    });
    expect(response.status).toBe(200);
    const [request] = requests;
    expect(request?.url).toBe('/v1/models?limit=2&after=a%2Fb');
    expect(request?.headers).toEqual({
      authorization: `Bearer ${serverKey}`,
      host: expect.stringMatching(/^127\.0\.0\.1:\d+$/u),
      via: expect.stringMatching(/^1\.1 assistants-mcp-req_[0-9a-f]{32}$/u),
      connection: 'keep-alive',
      accept: '*/*',
      'accept-encoding': 'gzip, deflate',
      'accept-language': '*',
      'sec-fetch-mode': 'cors',
      'x-custom': 'kept',
      'idempotency-key': 'key-1',
      'openai-beta': 'assistants=v2',
      'user-agent': 'OpenAI/JS 7.57.0',
    });
    expect(JSON.stringify([served.lines(), request?.rawHeaders])).not.toContain(token);
    expect(JSON.stringify(served.lines())).not.toContain(serverKey);
  });

  test('carries no key when none is configured', async () => {
    const { served, requests } = await startProxy(respondJson({}), { env: { OPENAI_API_KEY: '' } });
    await fetch(`${served.url}/v1/models`, { headers: { authorization: 'Bearer sk-caller' } });
    expect(requests[0]?.headers).not.toHaveProperty('authorization');
  });

  test('keeps repeated headers', async () => {
    const { served, requests } = await startProxy(respondJson({}));
    const betas = ['OpenAI-Beta: assistants=v2', 'OpenAI-Beta: responses=v1'];
    await writeRaw(served, ['GET /v1/models HTTP/1.1', 'Host: localhost', ...betas]);
    expect(requests[0]?.headers['openai-beta']).toBe('assistants=v2, responses=v1');
  });

  test('drops hop-by-hop headers', async () => {
    const { served, requests } = await startProxy(respondJson({}));
    const response = await writeRaw(
      served,
      [
        'POST /v1/embeddings HTTP/1.1',
        'Host: localhost',
        'Connection: X-Mine',
        'X-Mine: 1',
        'Keep-Alive: timeout=1',
        'TE: trailers',
        'Proxy-Authorization: Basic x',
        'Expect: 100-continue',
        'Transfer-Encoding: chunked',
      ],
      '2\r\n{}\r\n0\r\n\r\n',
    );
    expect(response.status).toBe(100);
    expect(response.body).toMatch(/^HTTP\/1\.1 200 OK\r\n/u);
    expect(Object.keys(requests[0]?.headers ?? {}).toSorted()).toEqual([
      'authorization',
      'connection',
      'host',
      'transfer-encoding',
      'via',
    ]);
  });

  test('works through the SDK', async () => {
    const { served } = await startProxy(respondJson({ id: 'gpt-5', object: 'model' }));
    const model = await sdkFor(served).models.retrieve('gpt-5');
    expect(model).toMatchObject({ id: 'gpt-5', object: 'model' });
  });

  test('uploads 20 MB through the SDK', async () => {
    const content = randomBytes(20_000_000);
    const { served } = await startProxy(async (request, response) => {
      const body = await buffer(request);
      const { 'content-type': type = '' } = request.headers;
      const form = await new Response(body, { headers: { 'content-type': type } }).formData();
      const file = form.get('file');
      const bytes = file instanceof File ? Buffer.from(await file.arrayBuffer()) : '';
      const upload = { purpose: form.get('purpose'), sha: sha256(bytes) };
      respondJson(upload)(request, response);
    });
    const file = await toFile(content, 'data.bin');
    expect(await sdkFor(served).files.create({ file, purpose: 'assistants' })).toEqual({
      purpose: 'assistants',
      sha: sha256(content),
    });
  });

  test('streams its body while it arrives and keeps the content length', async () => {
    const { served, requests } = await startProxy((request) => {
      request.once('data', (chunk: Buffer) =>
        socket.write(chunk.toString() === 'half' ? ' and half' : ''),
      );
      request.once('end', () => socket.destroy());
    });
    const socket = connect(served.port, '127.0.0.1');
    socket.write('POST /v1/files HTTP/1.1\r\nHost: localhost\r\nContent-Length: 13\r\n\r\nhalf');
    await once(socket, 'close');
    expect(requests[0]?.headers).toMatchObject({ 'content-length': '13' });
    expect(requests[0]?.complete).toBe(true);
  });

  test('is rejected when its content length is above 512 MiB', async () => {
    const { served, requests } = await startProxy(respondJson({}));
    const lines = ['POST /v1/files HTTP/1.1', 'Host: localhost', `Content-Length: ${2 ** 29 + 1}`];
    const response = await writeRaw(served, lines, 'x');
    expect(response.status).toBe(413);
    expect(JSON.parse(response.body).error.message).toBe(
      'The request body is larger than 512 MiB.',
    );
    expect(requests).toHaveLength(0);
  });

  test('is aborted when the client aborts', async () => {
    const { served, firstResponse } = await startProxy(() => {});
    const controller = new AbortController();
    const fetching = fetch(`${served.url}/v1/responses/resp_1`, { signal: controller.signal });
    const closed = once(await firstResponse, 'close');
    controller.abort();
    await expect(fetching).rejects.toThrow('aborted');
    await closed;
    expect((await firstResponse).writableFinished).toBe(false);
    expect(served.lines().filter(({ level }) => level === 'error')).toEqual([]);
    await waitUntil(() => hasClientClosed(served));
  });

  test('is aborted when the client’s upload breaks off', async () => {
    const completed = Promise.withResolvers<boolean>();
    const { served } = await startProxy((request) => {
      request.once('data', () => socket.destroy());
      request.once('close', () => completed.resolve(request.complete));
    });
    const socket = connect(served.port, '127.0.0.1');
    socket.write('POST /v1/files HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf');
    expect(await completed.promise).toBe(false);
    await waitUntil(() => hasClientClosed(served));
  });
});

describe('a request that cannot be proxied', () => {
  test('gets a 502 when the model endpoint is down', async () => {
    const env = { OPENAI_BASE_URL: 'http://127.0.0.1:9/v1', OPENAI_API_KEY: serverKey };
    const served = await startServe({ env });
    for (const init of [{}, { method: 'POST', body: 'x'.repeat(1_000_000) }]) {
      const response = await fetch(`${served.url}/v1/models`, init);
      expect(response.status).toBe(502);
      expect(await response.json()).toEqual(
        errorBody('The model endpoint could not be reached: ECONNREFUSED.'),
      );
    }
  });

  test('gets a 502 when the model endpoint closes the connection', async () => {
    const { served } = await startProxy((request) => {
      request.socket.destroy();
    });
    const response = await fetch(`${served.url}/v1/models`);
    expect(response.status).toBe(502);
  });

  test('is sent again if a reused connection failed, unless it is a POST', async () => {
    const used = new WeakSet<object>();
    const { served } = await startProxy((request, response) => {
      if (used.has(request.socket)) return void request.socket.destroy();
      used.add(request.socket);
      respondJson({})(request, response);
    });
    const statusOf = async (init?: RequestInit) =>
      (await fetch(`${served.url}/v1/models`, init)).status;
    expect([await statusOf(), await statusOf()]).toEqual([200, 200]);
    expect([await statusOf(), await statusOf({ method: 'POST' })]).toEqual([200, 502]);
  });

  test('gets a 502 when the model endpoint switches to another protocol', async () => {
    const { served } = await startProxy(({ socket }) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\n');
      socket.write('Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    });
    const response = await fetch(`${served.url}/v1/models`);
    expect(response.status).toBe(502);
    expect(await response.json()).toEqual(
      errorBody('The model endpoint could not be reached: it switched to another protocol.'),
    );
  });

  test('gets a 501 with the scripted model', async () => {
    const served = await startServe();
    const response = await fetch(`${served.url}/v1/chat/completions`, {
      method: 'POST',
      body: '{}',
    });
    expect(response.status).toBe(501);
    expect(response.headers.get('x-should-retry')).toBe('false');
    expect(await response.json()).toEqual(
      errorBody(
        'POST /v1/chat/completions is not supported here: the scripted model supports only assistants and threads.',
        'unsupported_endpoint',
      ),
    );
  });

  test('gets a 404 for a path that no model endpoint has', async () => {
    const { url } = await startServe();
    const response = await fetch(`${url}/v1/_unknown`);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({
      error: { message: 'Invalid URL (GET /v1/_unknown)', type: 'invalid_request_error' },
    });
  });

  test('gets a 501 when no model endpoint is configured', async () => {
    const served = await startServe({ env: {} });
    const response = await fetch(`${served.url}/v1/models`);
    expect(response.status).toBe(501);
    expect(await response.json()).toEqual(
      errorBody(
        'GET /v1/models is not supported here: it needs a model endpoint. Set OPENAI_API_KEY or OPENAI_BASE_URL.',
        'unsupported_endpoint',
      ),
    );
  });

  test('gets a 508 when the model endpoint is this server itself', async () => {
    const { promise: address, resolve } = Promise.withResolvers<string>();
    const { served } = await startProxy(async (request, response) => {
      const { via = '' } = request.headers;
      const back = await fetch(`${await address}/v1/models`, { headers: { via } });
      response.writeHead(back.status).end(await back.text());
    });
    resolve(served.url);
    const response = await fetch(`${served.url}/v1/models`);
    expect(response.status).toBe(508);
    expect(await response.text()).toContain('OPENAI_BASE_URL points to this server itself');
  });
});

test('never sends the server’s key to another host', async () => {
  const proxy = createUpstreamProxy({
    baseURL: 'http://127.0.0.1:1',
    apiKey: serverKey,
    name: 'me',
  });
  const request = new Request('http://127.0.0.1/v1%2f@127.0.0.1:2/x');
  const response = proxy(request, new IncomingMessage(new Socket()));
  await expect(response).rejects.toMatchObject({ status: 404 });
});
