import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/shared/clock.ts';
import { startEndpoint } from '../e2e/endpoint.ts';
import { bodyTimeoutMs } from '../../src/server/body.ts';
import { createClock } from '../support/clock.ts';
import { type RawResponse, type RunningServe, startServe, writeRaw } from '../support/serve.ts';

const host = 'Host: localhost';
const json = 'Content-Type: application/json';
const tooLarge = 'The request body is larger than 4 MiB.';
const mebibyte = 2 ** 20;

const errorMessageOf = ({ body }: RawResponse): unknown => JSON.parse(body).error.message;

/** Expects the next request to succeed, and a response that shows no internal details. */
async function expectHealthy(served: RunningServe, response?: RawResponse): Promise<void> {
  const next = await fetch(`${served.url}/v1/assistants`);
  expect(next.status).toBe(200);
  expect(await next.json()).toMatchObject({ object: 'list' });
  if (response === undefined) return;
  expect(response.headers.get('x-request-id')).toMatch(/^req_[0-9a-f]{32}$/u);
  expect(response.body).not.toMatch(/node_modules|\.ts:|\.js:|at async/u);
  expect(served.lines().filter(({ level }) => level === 'error')).toEqual([]);
}

const statusOfNextRequest = async ({ url }: RunningServe): Promise<number> =>
  (await fetch(`${url}/v1/assistants`)).status;

const chunked = (...chunks: readonly string[]): string =>
  [...chunks, ''].map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('');

const serveWithLimit = () => startServe({ argv: ['--max-body', '4MiB'] });

describe.each(['/v1/threads', '/mcp'])('a request body for %s', (path) => {
  const head = [`POST ${path} HTTP/1.1`, host, json, 'Accept: application/json, text/event-stream'];

  test('is rejected unread when its content length is too large', async () => {
    const served = await serveWithLimit();
    const response = await writeRaw(served, [...head, `Content-Length: ${4 * mebibyte + 1}`], '{');
    expect(response.status).toBe(413);
    expect(errorMessageOf(response)).toBe(tooLarge);
    await expectHealthy(served, response);
  });

  test('is rejected when its chunks become too large', async () => {
    const served = await serveWithLimit();
    const chunk = 'x'.repeat(mebibyte);
    const body = chunked(chunk, chunk, chunk, chunk, 'x');
    const response = await writeRaw(served, [...head, 'Transfer-Encoding: chunked'], body);
    expect(response.status).toBe(413);
    expect(errorMessageOf(response)).toBe(tooLarge);
    await expectHealthy(served, response);
  });

  test('that is too large leaves the connection usable when the client sends all of it', async () => {
    const served = await serveWithLimit();
    const socket = connect(served.port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    const size = 5 * mebibyte;
    socket.write([...head, `Content-Length: ${size}`, '', '{'].join('\r\n'));
    const [response] = await once(socket, 'data');
    expect(String(response)).toContain(tooLarge);
    const next = ['GET /v1/assistants HTTP/1.1', host, 'Connection: close', '', ''];
    socket.write(' '.repeat(size - 1) + next.join('\r\n'));
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 200 /u);
  });

  test('of exactly 4 MiB is accepted', async () => {
    const served = await serveWithLimit();
    const body = `{}${' '.repeat(4 * mebibyte - 2)}`;
    const response = await fetch(served.url + path, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', accept: 'application/json' },
    });
    expect(response.status).not.toBe(413);
    await expectHealthy(served);
  });

  test('that is longer than its content length does not harm the server', async () => {
    const served = await startServe();
    const response = await writeRaw(served, [...head, 'Content-Length: 2'], '{}{"x":1}\r\n\r\n');
    expect(response.status).toBeGreaterThanOrEqual(200);
    await expectHealthy(served, response);
  });

  test('with two lengths is rejected as malformed', async () => {
    const served = await startServe();
    for (const second of ['Content-Length: 7', 'Transfer-Encoding: chunked']) {
      const response = await writeRaw(served, [...head, 'Content-Length: 2', second], '{}');
      expect(response.status).toBe(400);
      expect(errorMessageOf(response)).toBe('The server could not parse this HTTP request.');
      await expectHealthy(served, response);
    }
  });

  test('that breaks off does not harm the server', async () => {
    const served = await startServe();
    const socket = connect(served.port, '127.0.0.1');
    socket.write(`${[...head, 'Content-Length: 100'].join('\r\n')}\r\n\r\n{"half":`);
    await once(socket, 'connect');
    socket.destroy();
    expect(await statusOfNextRequest(served)).toBe(200);
    expect(served.lines().filter(({ level }) => level === 'error')).toEqual([]);
  });

  test('gets a 408 when it does not arrive in time', async () => {
    const { promise: bodyTimeout, resolve } = Promise.withResolvers<() => void>();
    /** The system clock, except that the test ends the body timeout. */
    const clock = {
      now: () => systemClock.now(),
      sleep: (ms: number, signal?: AbortSignal) =>
        ms === bodyTimeoutMs
          ? new Promise<void>((endTimeout) => {
              resolve(endTimeout);
            })
          : systemClock.sleep(ms, signal),
    };
    const served = await startServe({ clock });
    const responding = writeRaw(served, [...head, 'Content-Length: 100'], '{"half":');
    const endTimeout = await bodyTimeout;
    endTimeout();
    const response = await responding;
    expect(response.status).toBe(408);
    expect(errorMessageOf(response)).toBe('The request body did not arrive in time.');
    expect(response.headers.get('x-should-retry')).toBe('false');
    expect(served.lines().filter(({ level }) => level === 'error')).toEqual([]);
  });
});

/** Starts `serve` in front of a model endpoint that records its requests. */
async function startWithUpstream(): Promise<{ served: RunningServe; requests: string[] }> {
  const requests: string[] = [];
  const OPENAI_BASE_URL = await startEndpoint((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    response.writeHead(404, { 'content-type': 'application/json' }).end('{"from":"upstream"}');
  });
  const env = {
    OPENAI_BASE_URL,
    OPENAI_API_KEY: 'sk-server-1234567890',
    ASSISTANTS_FILES: 'endpoint',
  };
  return { served: await startServe({ env }), requests };
}

describe('a path', () => {
  test.each([
    ['/../../etc/passwd', 404],
    ['/v1/../mcp/', 405],
    ['/mcp/', 405],
    ['/mcp/../mcp', 405],
    ['/mcpx', 404],
    ['/MCP', 404],
    ['//mcp', 404],
    ['/%6dcp', 404],
    ['//v1/assistants', 200],
    ['/v1//assistants', 200],
    ['/v1//threads//messages', 404],
    ['/v1', 404],
    ['/v1/', 404],
    ['/v1/files//x', 404],
    ['/v1/files/..%2f..%2fadmin', 404],
    ['/v1/files/..%2Fadmin', 404],
    ['/v1/files/%2e%2e%2fadmin', 404],
    ['/v1/files/..%5cadmin', 404],
    ['/v1/files/%00', 404],
    ['/v1/files/a%0d%0aX-Evil:%201', 404],
    ['/v1/files/%ff', 404],
    ['/v1/files/%', 404],
    ['/v1/files/..;/admin/..', 404],
    ['/v1%2f@evil.example/models', 404],
    ['/v1%5c@evil.example/models', 404],
    ['/%76%31/models', 404],
    ['/v1/threads%2fthread_1', 404],
    ['/v1/threads/thread_1%2fmessages', 404],
    ['/v1/threads/..%2f..%2ffiles', 400],
    ['/v1/threads/%00', 400],
    ['/v1/threads/thread_%00', 404],
    ['/v1/threads/thread_%0d%0aX-Evil:%201', 404],
    ['/v1/threads/%ff', 400],
    ['/v1/threads/%', 400],
    ['/v1/threads//messages', 404],
    ['/v1/threads/thread_1/messages/../../../files/../assistants', 200],
    [`/v1/threads/thread_${'x'.repeat(12_000)}`, 404],
    ['/v1/assistants?limit=%00', 400],
    ['/v1/assistants?x=%0d%0aX-Evil:%201', 200],
    ['*', 400],
    ['v1/assistants', 400],
    ['\\v1\\assistants', 400],
    ['/v1\\assistants', 400],
    ['http://', 400],
  ])('%s is answered by this server with %i', async (path, status) => {
    const { served, requests } = await startWithUpstream();
    const response = await writeRaw(served, [`GET ${path} HTTP/1.1`, host]);
    expect({ path, status: response.status }).toEqual({ path, status });
    expect(response.headers.has('x-evil')).toBe(false);
    const hasErrorBody = status >= 400 && status !== 405;
    expect(response.body.startsWith('{"error":{"message":')).toBe(hasErrorBody);
    expect(requests).toEqual([]);
    await expectHealthy(served, response);
  });

  test.each([
    ['/v1/models/meta-llama%2FLlama-4', '/v1/models/meta-llama%2FLlama-4'],
    ['/v1/files/', '/v1/files/'],
    ['//v1//files', '/v1/files'],
    ['/v1//..//evil.example/models', '/v1/evil.example/models'],
    ['/v1/files/../models', '/v1/models'],
    ['/v1/files/%2e%2e/models?a=b%2fc', '/v1/models?a=b%2fc'],
    ['/v1/assistantsx', '/v1/assistantsx'],
    ['/v1/files/...', '/v1/files/...'],
  ])('%s is proxied as %s', async (path, target) => {
    const { served, requests } = await startWithUpstream();
    const response = await writeRaw(served, [`GET ${path} HTTP/1.1`, host]);
    expect(response.status).toBe(404);
    expect(requests).toEqual([`GET ${target}`]);
    await expectHealthy(served, response);
  });
});

describe('a request', () => {
  test.each([
    [['GARBAGE'], 400],
    [['GET /v1/assistants HTTP/9.9', host], 400],
    [['GET /v1/assistants HTTP/1.1', host, 'Bad Header: x'], 400],
    [['GET /v1/assistants HTTP/1.1', host, `X-Long: ${'x'.repeat(20_000)}`], 431],
    [[`GET /v1/threads/${'x'.repeat(20_000)} HTTP/1.1`, host], 431],
    [['TRACE /v1/assistants HTTP/1.1', host], 405],
    [['PROPFIND /v1/assistants HTTP/1.1', host], 405],
    [['PATCH /v1/assistants HTTP/1.1', host], 404],
    [['GET /v1/assistants HTTP/1.1', host, 'Upgrade: websocket', 'X: y'], 200],
    [['GET /v1/assistants HTTP/1.1', host, 'Expect: wonders'], 200],
  ])('%j is answered with %i', async (lines, status) => {
    const served = await startServe();
    const response = await writeRaw(served, lines);
    expect(response.status).toBe(status);
    await expectHealthy(served, response);
  });

  test('that never completes its headers does not block other requests', async () => {
    const served = await startServe();
    const idle = Array.from({ length: 50 }, () => {
      const socket = connect(served.port, '127.0.0.1');
      onTestFinished(() => void socket.destroy());
      socket.write('GET /v1/assis');
      return once(socket, 'connect');
    });
    await Promise.all(idle);
    expect(await statusOfNextRequest(served)).toBe(200);
  });

  test('that is malformed is disconnected even if the client keeps the connection open', async () => {
    // With a manual clock, no shutdown timeout closes the connection.
    const served = await startServe({ clock: createClock() });
    const socket = connect({ port: served.port, host: '127.0.0.1', allowHalfOpen: true });
    onTestFinished(() => void socket.destroy());
    socket.write('GARBAGE\r\n\r\n');
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 /u);
    await served.stop();
  });

  test('on a reused connection passes the access checks again', async () => {
    const served = await startServe();
    const socket = connect(served.port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    const lines = ['GET /v1/assistants HTTP/1.1', 'Host: evil.example'].join('\r\n');
    socket.write(`GET /v1/assistants HTTP/1.1\r\n${host}\r\n\r\n`);
    socket.write(`${lines}\r\nConnection: close\r\n\r\n`);
    const responses = await text(socket);
    expect(responses.match(/HTTP\/1\.1 \d+/gu)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 403']);
  });
});
