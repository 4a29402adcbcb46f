import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { waitUntil } from '../support/clock.ts';
import { type RawUpstream, rawResponse, startRawUpstream } from '../support/raw-upstream.ts';
import { ambiguousShapes, brokenBodies, malformedShapes } from '../support/smuggling.ts';
import { type RunningServe, startServe } from '../support/serve.ts';

const last = 'GET /v1/models/last HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';

const startBefore = ({ baseURL }: RawUpstream): Promise<RunningServe> =>
  startServe({
    env: {
      OPENAI_BASE_URL: baseURL,
      OPENAI_API_KEY: 'sk-server-1234567890',
      ASSISTANTS_FILES: 'endpoint',
    },
  });

/** Sends the bytes and a last request on one connection; resolves to everything that came back. */
async function attack({ port }: RunningServe, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  socket.write(bytes + last, 'latin1');
  return text(socket).catch(() => '');
}

/** The number in `up_7 GET /path`. */
const numberOf = (line: string): number => Number(/\d+/u.exec(line)?.[0]);

/** What the upstream read, and what `serve` logged as answered by it, in the upstream's order. */
function bothLists({ seen }: RawUpstream, served: RunningServe) {
  const read = seen.map(({ id, method, path }) => `${id} ${method} ${path}`);
  const logged = served
    .lines()
    .filter((line) => 'upstream_request_id' in line)
    .map((line) => [line['upstream_request_id'], line['method'], line['path']].join(' '));
  return { read, logged: logged.toSorted((a, b) => numberOf(a) - numberOf(b)) };
}

/** Whether another caller then gets the answer to its own request. */
async function isAnsweredItself({ url }: RunningServe): Promise<boolean> {
  const response = await fetch(`${url}/v1/models/innocent`);
  return (await response.text()) === '{"path":"/v1/models/innocent"}';
}

describe.each([false, true])('with a model endpoint that is lax: %s,', (isLax) => {
  test.each(ambiguousShapes)('it reads exactly the logged requests: %s', async (_name, bytes) => {
    const upstream = await startRawUpstream({ isLax });
    const served = await startBefore(upstream);
    await attack(served, bytes);
    expect(await isAnsweredItself(served)).toBe(true);
    const { read, logged } = bothLists(upstream, served);
    expect(read).toEqual(logged);
    expect(read.join('\n')).not.toMatch(/smuggled|MALFORMED/u);
    expect(read.at(-1)).toMatch(/ GET \/v1\/models\/innocent$/u);
  });

  test.each(malformedShapes)('it never sees a request with %s', async (_name, bytes) => {
    const upstream = await startRawUpstream({ isLax });
    const served = await startBefore(upstream);
    const answer = await attack(served, bytes);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /u);
    expect(answer.match(/HTTP\/1\.1 \d+/gu)).toHaveLength(1);
    expect(upstream.seen).toEqual([]);
    expect(await isAnsweredItself(served)).toBe(true);
  });

  test.each(brokenBodies)('it never completes a request with %s', async (_name, bytes) => {
    const upstream = await startRawUpstream({ isLax });
    const served = await startBefore(upstream);
    await attack(served, bytes);
    expect(await isAnsweredItself(served)).toBe(true);
    expect(upstream.seen.map(({ path }) => path)).toEqual(['/v1/models/innocent']);
  });
});

/** The headers that the upstream got about framing, host and key, for these bytes. */
const framingOf = async (bytes: string) => {
  const upstream = await startRawUpstream();
  await attack(await startBefore(upstream), bytes);
  const headers = upstream.seen[0]?.headers ?? [];
  return headers.filter((line) =>
    /^(?:content.length|transfer.encoding|host|authorization):/iu.test(line),
  );
};

describe('the forwarded framing', () => {
  const own = [
    expect.stringMatching(/^authorization: Bearer sk-server-1234567890$/u),
    expect.stringMatching(/^Host: 127\.0\.0\.1:\d+$/u),
  ];

  test('is a plain length for a body with a length, whatever Connection names', async () => {
    const named = 'Connection: content-length, transfer-encoding, host, authorization, via';
    const head = ['POST /v1/embeddings HTTP/1.1', 'Host: localhost', 'Content-Length: 002', named];
    expect((await framingOf(`${head.join('\r\n')}\r\n\r\n{}`)).toSorted()).toEqual([
      own[1],
      own[0],
      'content-length: 2',
    ]);
  });

  test('is chunks for a body in chunks', async () => {
    const head = ['POST /v1/embeddings HTTP/1.1', 'Host: localhost', 'Transfer-Encoding: CHUNKED'];
    const framing = await framingOf(`${head.join('\r\n')}\r\n\r\n2;x\r\n{}\r\n0\r\nY: z\r\n\r\n`);
    expect(framing.toSorted()).toEqual([own[1], own[0], 'transfer-encoding: chunked']);
  });
});

/** The connections of a request with `init` and of the next one. */
async function connectionsOf(upstream: RawUpstream, init: RequestInit & { duplex?: 'half' }) {
  const served = await startBefore(upstream);
  await (await fetch(`${served.url}/v1/embeddings`, init)).text();
  await isAnsweredItself(served);
  return upstream.seen.map(({ connection }) => connection);
}

describe('an upstream connection', () => {
  test('serves the next request after a regular one', async () => {
    expect(await connectionsOf(await startRawUpstream(), {})).toEqual([1, 1]);
    const init = { method: 'POST', body: '{}' };
    expect(await connectionsOf(await startRawUpstream(), init)).toEqual([1, 1]);
  });

  test('serves no other request after chunks', async () => {
    const body = new Blob(['{}']).stream();
    const init = { method: 'POST', body, duplex: 'half' } as const;
    expect(await connectionsOf(await startRawUpstream(), init)).toEqual([1, 2]);
  });

  test.each(['400 Bad Request', '404 Not Found', '500 Oops', '999 Odd'])(
    'serves no other request after a %s',
    async (status) => {
      const upstream = await startRawUpstream({
        answer: ({ id, path }) =>
          rawResponse(id, JSON.stringify({ path }), path.endsWith('innocent') ? '200 OK' : status),
      });
      expect(await connectionsOf(upstream, {})).toEqual([1, 2]);
    },
  );

  test('serves no other request after a response that came before the body', async () => {
    const upstream = await startRawUpstream({ answersEarly: true });
    const served = await startBefore(upstream);
    const socket = connect(served.port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    socket.write(
      'POST /v1/files HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\nhalf',
    );
    const [answer] = await once(socket, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1\.1 200 /u);
    socket.write('x'.repeat(100_000 - 4));
    const [upload] = upstream.sockets;
    await waitUntil(() => upload?.destroyed === true || (upload?.bytesRead ?? 0) > 100_000);
    expect(await isAnsweredItself(served)).toBe(true);
    expect(upstream.seen.map(({ connection }) => connection)).toEqual([1, 2]);
  });

  const poison = rawResponse('up_poison', '"poison"');

  test.each([
    ['a second response', poison],
    ['half a response', poison.slice(0, 30)],
    ['garbage', 'garbage'],
  ])('never gives %s behind a response to another caller', async (_what, leftover) => {
    const upstream = await startRawUpstream({
      answer: ({ id, path }) =>
        rawResponse(id, JSON.stringify({ path })) + (path.endsWith('innocent') ? '' : leftover),
    });
    const served = await startBefore(upstream);
    await fetch(`${served.url}/v1/models/first`).then((response) => response.text(), String);
    expect(await isAnsweredItself(served)).toBe(true);
  });

  test('is closed when it sends something while it is idle', async () => {
    const upstream = await startRawUpstream();
    const served = await startBefore(upstream);
    await (await fetch(`${served.url}/v1/models/first`)).text();
    const [socket] = upstream.sockets;
    socket?.write(poison);
    await waitUntil(() => socket?.destroyed === true || socket?.readableEnded === true);
    expect(await isAnsweredItself(served)).toBe(true);
    expect(upstream.seen.map(({ connection }) => connection)).toEqual([1, 2]);
  });
});
