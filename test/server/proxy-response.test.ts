import { once } from 'node:events';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { eventLoopTurn, waitUntil } from '../support/clock.ts';
import { respondJson, startProxy } from '../support/proxy.ts';
import { sdkFor } from '../support/serve.ts';

/** Returns a function that reads the next chunk of a body; '' at its end. */
function chunkReader(response: Response): () => Promise<string> {
  const chunks = response.body?.values();
  return async () => {
    const next = await chunks?.next();
    return next?.done === false ? new TextDecoder().decode(next.value) : '';
  };
}

describe('a proxied response', () => {
  test('streams event by event', async () => {
    const { served, firstResponse } = await startProxy((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
      response.write('data: {"delta":"one"}\n\n');
    });
    const stream = await fetch(`${served.url}/v1/responses`, { method: 'POST', body: '{}' });
    expect(stream.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    const writing = await firstResponse;
    const next = chunkReader(stream);
    expect(await next()).toBe('data: {"delta":"one"}\n\n');
    writing.write('data: {"delta":"two"}\n\n');
    expect(await next()).toBe('data: {"delta":"two"}\n\n');
    writing.end('data: [DONE]\n\n');
    expect(await next()).toBe('data: [DONE]\n\n');
    expect(await next()).toBe('');
  });

  test('closes the upstream connection when the client cancels', async () => {
    const { served, firstResponse } = await startProxy((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: 1\n\n');
    });
    const stream = await fetch(`${served.url}/v1/responses`, { method: 'POST', body: '{}' });
    const writing = await firstResponse;
    const closed = once(writing, 'close');
    await stream.body?.cancel();
    await closed;
    expect(writing.writableFinished).toBe(false);
    await fetch(`${served.url}/v1/assistants`);
    expect(served.lines().map(({ level }) => level)).not.toContain('warn');
  });

  test('fails for the client when the model endpoint breaks it off', async () => {
    const { served, firstResponse } = await startProxy((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: 1\n\n');
    });
    const stream = await fetch(`${served.url}/v1/responses`, { method: 'POST', body: '{}' });
    (await firstResponse).destroy();
    await expect(stream.text()).rejects.toThrow('terminated');
    expect(served.lines().map(({ message }) => message)).toContain('response body failed');
    expect((await fetch(`${served.url}/v1/assistants`)).status).toBe(200);
  });

  test.each([400, 401, 404, 409, 429, 500, 503])('keeps its status %i', async (status) => {
    const error = { message: 'No.', type: 'invalid_request_error', param: null, code: 'x' };
    const headers = { 'retry-after': '7', 'x-request-id': 'req_upstream' };
    const { served } = await startProxy(respondJson({ error }, status, headers));
    await expect(sdkFor(served).models.retrieve('m')).rejects.toMatchObject({
      status,
      code: 'x',
      requestID: 'req_upstream',
      message: `${status} No.`,
    });
    const line = served.lines().findLast(({ message }) => message === 'request answered');
    expect(line).toMatchObject({ status, upstream_request_id: 'req_upstream' });
    expect(line?.request_id).toMatch(/^req_[0-9a-f]{32}$/u);
  });

  test('keeps its content encoding and length', async () => {
    const compressed = gzipSync(JSON.stringify({ data: 'x'.repeat(10_000) }));
    const { served } = await startProxy((_request, response) => {
      const headers = { 'content-encoding': 'gzip', 'content-length': compressed.length };
      response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(compressed);
    });
    const response = await fetch(`${served.url}/v1/models`);
    expect(response.headers.get('content-encoding')).toBe('gzip');
    expect(response.headers.get('content-length')).toBe(String(compressed.length));
    expect(await response.json()).toEqual({ data: 'x'.repeat(10_000) });
  });

  test('keeps the bytes of a latin1 header', async () => {
    const name = Buffer.from('attachment; filename="Grüße.txt"').toString('latin1');
    const { served } = await startProxy((_request, response) => {
      response.writeHead(200, { 'content-disposition': name }).end(Buffer.from('Hallo'));
    });
    const { headers } = await fetch(`${served.url}/v1/files/file-a/content`);
    expect(headers.get('content-disposition')).toBe(name);
  });

  test('drops headers that are about the model endpoint’s host', async () => {
    const { served } = await startProxy(
      respondJson({}, 200, {
        'set-cookie': 'cf=1',
        'alt-svc': 'h3=":443"',
        'strict-transport-security': 'max-age=1',
        'access-control-allow-origin': '*',
        connection: 'x-mine',
        'x-mine': '1',
        'openai-processing-ms': '5',
      }),
    );
    const { headers } = await fetch(`${served.url}/v1/models`);
    expect([...headers.keys()].toSorted()).toEqual([
      'connection',
      'content-security-policy',
      'content-type',
      'date',
      'keep-alive',
      'openai-processing-ms',
      'transfer-encoding',
      'x-content-type-options',
      'x-request-id',
    ]);
  });

  test('leaves a redirect to another host to the client', async () => {
    const location = 'https://files.example/secret';
    const { served, requests } = await startProxy((_request, response) => {
      response.writeHead(302, { location }).end();
    });
    const response = await fetch(`${served.url}/v1/files/f/content`, { redirect: 'manual' });
    expect([response.status, response.headers.get('location')]).toEqual([302, location]);
    expect(requests).toHaveLength(1);
  });

  test.each([
    ['/v1/files', '/v1/files'],
    ['../files?limit=1', '/v1/files?limit=1'],
    ['/login', '/login'],
    ['//files.example/v1/files', '//files.example/v1/files'],
    ['http://', 'http://'],
  ])('rewrites the location %s to %s', async (location, expected) => {
    const { served } = await startProxy(({ headers }, response) => {
      const absolute = location.startsWith('/v1') ? `http://${headers.host}${location}` : location;
      response.writeHead(307, { location: absolute }).end();
    });
    const response = await fetch(`${served.url}/v1/models/`, { redirect: 'manual' });
    expect(response.headers.get('location')).toBe(expected);
  });

  test('may be a 204 without a body', async () => {
    const { served, requests } = await startProxy((_request, response) => {
      response.writeHead(204).end();
    });
    const response = await fetch(`${served.url}/v1/files/f`, { method: 'DELETE' });
    expect(response.status).toBe(204);
    expect(requests[0]?.headers).not.toHaveProperty('transfer-encoding');
  });

  test('keeps the content length of a HEAD response', async () => {
    const { served, requests } = await startProxy((_request, response) => {
      response.writeHead(200, { 'content-length': 12 }).end();
    });
    const response = await fetch(`${served.url}/v1/models`, { method: 'HEAD' });
    expect(response.headers.get('content-length')).toBe('12');
    expect(requests[0]?.method).toBe('HEAD');
  });
});

test('a slow client slows down the model endpoint', async () => {
  const chunk = Buffer.alloc(2 ** 16);
  let written = 0;
  const { served, firstResponse } = await startProxy((request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'application/octet-stream' });
    const writeChunk = () => {
      written += chunk.length;
      if (response.write(chunk)) setImmediate(writeChunk);
      else response.once('drain', writeChunk);
    };
    writeChunk();
  });
  const socket = connect(served.port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.write('GET /v1/files/f/content HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await once(socket, 'readable');
  const writing = await firstResponse;
  await waitUntil(() => writing.writableNeedDrain);
  await eventLoopTurn(200);
  expect(writing.writableNeedDrain).toBe(true);
  expect(written).toBeLessThan(64 * 2 ** 20);
});
