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

const shaOf = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex');

const failure = (message: string, code: string | null = null) => ({
  error: { message, type: 'server_error', param: null, code },
});

/** Whether the log says so, and does not blame the model endpoint. */
const hasLeft = (served: RunningServe) =>
  served.lines().some(({ message, status }) => message === 'request answered' && status === 499);

describe('a request that is passed on', () => {
  test('carries the server’s key, and nothing that says who asked', async () => {
    const { served, asked } = await startProxy(respondJson({ object: 'list', data: [] }), {
      env: { ASSISTANTS_TOKEN: token },
    });
    const answer = await fetch(`${served.url}/v1/models?limit=2&after=a%2Fb`, {
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
        'openai-beta': 'assistants=v2',
        'user-agent': 'OpenAI/JS 7.57.0',
      },
    });
    expect(answer.status).toBe(200);
    const [request] = asked;
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
      'openai-beta': 'assistants=v2',
      'user-agent': 'OpenAI/JS 7.57.0',
    });
    expect(JSON.stringify([served.lines(), request?.rawHeaders])).not.toContain(token);
    expect(JSON.stringify(served.lines())).not.toContain(serverKey);
  });

  test('is sent without a key to an endpoint that asks for none', async () => {
    const { served, asked } = await startProxy(respondJson({}), { env: { OPENAI_API_KEY: '' } });
    await fetch(`${served.url}/v1/models`, { headers: { authorization: 'Bearer sk-caller' } });
    expect(asked[0]?.headers).not.toHaveProperty('authorization');
  });

  test('keeps every line of a header that comes more than once', async () => {
    const { served, asked } = await startProxy(respondJson({}));
    const betas = ['OpenAI-Beta: assistants=v2', 'OpenAI-Beta: responses=v1'];
    await writeRaw(served, ['GET /v1/models HTTP/1.1', 'Host: localhost', ...betas]);
    expect(asked[0]?.headers['openai-beta']).toBe('assistants=v2, responses=v1');
  });

  test('leaves what concerns one connection behind', async () => {
    const { served, asked } = await startProxy(respondJson({}));
    const answer = await writeRaw(
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
    expect(answer.status).toBe(100);
    expect(answer.body).toMatch(/^HTTP\/1\.1 200 OK\r\n/u);
    expect(Object.keys(asked[0]?.headers ?? {}).toSorted()).toEqual([
      'authorization',
      'connection',
      'host',
      'transfer-encoding',
      'via',
    ]);
  });

  test('through the SDK is as if there were nothing between', async () => {
    const { served } = await startProxy(respondJson({ id: 'gpt-5', object: 'model' }));
    const model = await sdkFor(served).models.retrieve('gpt-5');
    expect(model).toMatchObject({ id: 'gpt-5', object: 'model' });
  });

  test('may upload 20 MB through the SDK', async () => {
    const content = randomBytes(20_000_000);
    const { served } = await startProxy(async (request, response) => {
      const body = await buffer(request);
      const { 'content-type': type = '' } = request.headers;
      const form = await new Response(body, { headers: { 'content-type': type } }).formData();
      const file = form.get('file');
      const bytes = file instanceof File ? Buffer.from(await file.arrayBuffer()) : '';
      const answer = { purpose: form.get('purpose'), sha: shaOf(bytes) };
      respondJson(answer)(request, response);
    });
    const file = await toFile(content, 'data.bin');
    expect(await sdkFor(served).files.create({ file, purpose: 'assistants' })).toEqual({
      purpose: 'assistants',
      sha: shaOf(content),
    });
  });

  test('is there as it comes, with the length that it has', async () => {
    const { served, asked } = await startProxy((request) => {
      request.once('data', (chunk: Buffer) =>
        socket.write(chunk.toString() === 'half' ? ' and half' : ''),
      );
      request.once('end', () => socket.destroy());
    });
    const socket = connect(served.port, '127.0.0.1');
    socket.write('POST /v1/files HTTP/1.1\r\nHost: localhost\r\nContent-Length: 13\r\n\r\nhalf');
    await once(socket, 'close');
    expect(asked[0]?.headers).toMatchObject({ 'content-length': '13' });
    expect(asked[0]?.complete).toBe(true);
  });

  test('that says it has more than 512 MB is refused', async () => {
    const { served, asked } = await startProxy(respondJson({}));
    const lines = ['POST /v1/files HTTP/1.1', 'Host: localhost', `Content-Length: ${2 ** 29 + 1}`];
    const answer = await writeRaw(served, lines, 'x');
    expect(answer.status).toBe(413);
    expect(JSON.parse(answer.body).error.message).toBe('The request body is larger than 512 MiB.');
    expect(asked).toHaveLength(0);
  });

  test('whose caller goes away is taken back', async () => {
    const { served, answer } = await startProxy(() => {});
    const caller = new AbortController();
    const asking = fetch(`${served.url}/v1/responses/resp_1`, { signal: caller.signal });
    const gone = once(await answer, 'close');
    caller.abort();
    await expect(asking).rejects.toThrow('aborted');
    await gone;
    expect((await answer).writableFinished).toBe(false);
    expect(served.lines().filter(({ level }) => level === 'error')).toEqual([]);
    await waitUntil(() => hasLeft(served));
  });

  test('whose upload breaks off is broken off there as well', async () => {
    const broken = Promise.withResolvers<boolean>();
    const { served } = await startProxy((request) => {
      request.once('data', () => socket.destroy());
      request.once('close', () => broken.resolve(request.complete));
    });
    const socket = connect(served.port, '127.0.0.1');
    socket.write('POST /v1/files HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf');
    expect(await broken.promise).toBe(false);
    await waitUntil(() => hasLeft(served));
  });
});

describe('what cannot be passed on', () => {
  test('is told when the model endpoint is down', async () => {
    const env = { OPENAI_BASE_URL: 'http://127.0.0.1:9/v1', OPENAI_API_KEY: serverKey };
    const served = await startServe({ env });
    for (const init of [{}, { method: 'POST', body: 'x'.repeat(1_000_000) }]) {
      const answer = await fetch(`${served.url}/v1/models`, init);
      expect(answer.status).toBe(502);
      expect(await answer.json()).toEqual(
        failure('The model endpoint could not be reached: ECONNREFUSED.'),
      );
    }
  });

  test('is told when the model endpoint hangs up', async () => {
    const { served } = await startProxy((request) => {
      request.socket.destroy();
    });
    const answer = await fetch(`${served.url}/v1/models`);
    expect(answer.status).toBe(502);
  });

  test('is not what comes on a connection that the model endpoint has given up', async () => {
    const used = new WeakSet<object>();
    const { served } = await startProxy((request, response) => {
      if (used.has(request.socket)) return void request.socket.destroy();
      used.add(request.socket);
      respondJson({})(request, response);
    });
    const ask = async (init?: RequestInit) => (await fetch(`${served.url}/v1/models`, init)).status;
    expect([await ask(), await ask()]).toEqual([200, 200]);
    expect([await ask(), await ask({ method: 'POST' })]).toEqual([200, 502]);
  });

  test('is told when the model endpoint wants another protocol', async () => {
    const { served } = await startProxy(({ socket }) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\n');
      socket.write('Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    });
    const answer = await fetch(`${served.url}/v1/models`);
    expect(answer.status).toBe(502);
    expect(await answer.json()).toEqual(
      failure('The model endpoint could not be reached: it switched to another protocol.'),
    );
  });

  test('is told in scripted mode', async () => {
    const served = await startServe();
    const answer = await fetch(`${served.url}/v1/chat/completions`, { method: 'POST', body: '{}' });
    expect(answer.status).toBe(501);
    expect(answer.headers.get('x-should-retry')).toBe('false');
    expect(await answer.json()).toEqual(
      failure(
        'POST /v1/chat/completions is not supported here: the scripted model supports only assistants and threads.',
        'unsupported_endpoint',
      ),
    );
  });

  test('is told by a 404 where no model endpoint would know the path either', async () => {
    const { url } = await startServe();
    const answer = await fetch(`${url}/v1/_unknown`);
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({
      error: { message: 'Invalid URL (GET /v1/_unknown)', type: 'invalid_request_error' },
    });
  });

  test('is told without a key, rather than sent to strangers', async () => {
    const served = await startServe({ env: {} });
    const answer = await fetch(`${served.url}/v1/models`);
    expect(answer.status).toBe(501);
    expect(await answer.json()).toEqual(
      failure(
        'GET /v1/models is not supported here: it needs a model endpoint. Set OPENAI_API_KEY or OPENAI_BASE_URL.',
        'unsupported_endpoint',
      ),
    );
  });

  test('is noticed when the model endpoint is this very server', async () => {
    const { promise: address, resolve } = Promise.withResolvers<string>();
    const { served } = await startProxy(async (request, response) => {
      const { via = '' } = request.headers;
      const back = await fetch(`${await address}/v1/models`, { headers: { via } });
      response.writeHead(back.status).end(await back.text());
    });
    resolve(served.url);
    const answer = await fetch(`${served.url}/v1/models`);
    expect(answer.status).toBe(508);
    expect(await answer.text()).toContain('OPENAI_BASE_URL points to this server itself');
  });
});

test('the server’s key goes to no other host, whatever a path hides', async () => {
  const pass = createUpstreamProxy({
    baseURL: 'http://127.0.0.1:1',
    apiKey: serverKey,
    name: 'me',
  });
  const request = new Request('http://127.0.0.1/v1%2f@127.0.0.1:2/x');
  const answer = pass(request, new IncomingMessage(new Socket()));
  await expect(answer).rejects.toMatchObject({ status: 404 });
});
