import { once } from 'node:events';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { eventLoopTurn, waitUntil } from '../support/clock.ts';
import { respondJson, startProxy } from '../support/proxy.ts';
import { sdkFor } from '../support/serve.ts';

/** Reads a stream chunk by chunk; '' at its end. */
function readerOf(response: Response): () => Promise<string> {
  const chunks = response.body?.values();
  return async () => {
    const next = await chunks?.next();
    return next?.done === false ? new TextDecoder().decode(next.value) : '';
  };
}

describe('an answer that is passed back', () => {
  test('is streamed event by event', async () => {
    const { served, answer } = await startProxy((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
      response.write('data: {"delta":"one"}\n\n');
    });
    const stream = await fetch(`${served.url}/v1/responses`, { method: 'POST', body: '{}' });
    expect(stream.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    const writing = await answer;
    const next = readerOf(stream);
    expect(await next()).toBe('data: {"delta":"one"}\n\n');
    writing.write('data: {"delta":"two"}\n\n');
    expect(await next()).toBe('data: {"delta":"two"}\n\n');
    writing.end('data: [DONE]\n\n');
    expect(await next()).toBe('data: [DONE]\n\n');
    expect(await next()).toBe('');
  });

  test('ends there when nobody reads on', async () => {
    const { served, answer } = await startProxy((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: 1\n\n');
    });
    const stream = await fetch(`${served.url}/v1/responses`, { method: 'POST', body: '{}' });
    const writing = await answer;
    const gone = once(writing, 'close');
    await stream.body?.cancel();
    await gone;
    expect(writing.writableFinished).toBe(false);
    await fetch(`${served.url}/v1/assistants`);
    expect(served.lines().map(({ level }) => level)).not.toContain('warn');
  });

  test('that breaks off is not taken for whole', async () => {
    const { served, answer } = await startProxy((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: 1\n\n');
    });
    const stream = await fetch(`${served.url}/v1/responses`, { method: 'POST', body: '{}' });
    (await answer).destroy();
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

  test('keeps its encoding and its length', async () => {
    const packed = gzipSync(JSON.stringify({ data: 'x'.repeat(10_000) }));
    const { served } = await startProxy((_request, response) => {
      const headers = { 'content-encoding': 'gzip', 'content-length': packed.length };
      response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(packed);
    });
    const answer = await fetch(`${served.url}/v1/models`);
    expect(answer.headers.get('content-encoding')).toBe('gzip');
    expect(answer.headers.get('content-length')).toBe(String(packed.length));
    expect(await answer.json()).toEqual({ data: 'x'.repeat(10_000) });
  });

  test('keeps the bytes of a header, whatever they are', async () => {
    const name = Buffer.from('attachment; filename="Grüße.txt"').toString('latin1');
    const { served } = await startProxy((_request, response) => {
      response.writeHead(200, { 'content-disposition': name }).end(Buffer.from('Hallo'));
    });
    const { headers } = await fetch(`${served.url}/v1/files/file-a/content`);
    expect(headers.get('content-disposition')).toBe(name);
  });

  test('leaves out what speaks for another host', async () => {
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
      'content-type',
      'date',
      'keep-alive',
      'openai-processing-ms',
      'transfer-encoding',
      'x-request-id',
    ]);
  });

  test('may point elsewhere, which is for the caller to follow', async () => {
    const location = 'https://files.example/secret';
    const { served, asked } = await startProxy((_request, response) => {
      response.writeHead(302, { location }).end();
    });
    const answer = await fetch(`${served.url}/v1/files/f/content`, { redirect: 'manual' });
    expect([answer.status, answer.headers.get('location')]).toEqual([302, location]);
    expect(asked).toHaveLength(1);
  });

  test.each([
    ['/v1/files', '/v1/files'],
    ['../files?limit=1', '/v1/files?limit=1'],
    ['/login', '/login'],
    ['//files.example/v1/files', '//files.example/v1/files'],
    ['http://', 'http://'],
  ])('that points to %s points the caller to %s', async (location, expected) => {
    const { served } = await startProxy(({ headers }, response) => {
      const absolute = location.startsWith('/v1') ? `http://${headers.host}${location}` : location;
      response.writeHead(307, { location: absolute }).end();
    });
    const answer = await fetch(`${served.url}/v1/models/`, { redirect: 'manual' });
    expect(answer.headers.get('location')).toBe(expected);
  });

  test('may have no body', async () => {
    const { served, asked } = await startProxy((_request, response) => {
      response.writeHead(204).end();
    });
    const answer = await fetch(`${served.url}/v1/files/f`, { method: 'DELETE' });
    expect(answer.status).toBe(204);
    expect(asked[0]?.headers).not.toHaveProperty('transfer-encoding');
  });

  test('has none to a HEAD, but says how long it would be', async () => {
    const { served, asked } = await startProxy((_request, response) => {
      response.writeHead(200, { 'content-length': 12 }).end();
    });
    const answer = await fetch(`${served.url}/v1/models`, { method: 'HEAD' });
    expect(answer.headers.get('content-length')).toBe('12');
    expect(asked[0]?.method).toBe('HEAD');
  });
});

test('a slow reader holds the model endpoint back', async () => {
  const chunk = Buffer.alloc(2 ** 16);
  let written = 0;
  const { served, answer } = await startProxy((request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'application/octet-stream' });
    const more = () => {
      written += chunk.length;
      if (response.write(chunk)) setImmediate(more);
      else response.once('drain', more);
    };
    more();
  });
  const socket = connect(served.port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.write('GET /v1/files/f/content HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await once(socket, 'readable');
  const writing = await answer;
  await waitUntil(() => writing.writableNeedDrain);
  await eventLoopTurn(200);
  expect(writing.writableNeedDrain).toBe(true);
  expect(written).toBeLessThan(64 * 2 ** 20);
});
