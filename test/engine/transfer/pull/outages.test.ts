import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createInstantClock, pullFrom, startHost } from '../../../support/assistants-host.ts';
import { assistant, question, thread } from '../../../support/examples.ts';
import { errorResponse } from '../../../support/fake-assistants-server.ts';
import { startRedirecting } from '../../../support/redirects.ts';

const data = {
  assistants: [assistant],
  threads: [thread],
  messages: { [thread.id]: [question] },
};
const imported = 'Imported 1 assistant, 1 thread and 1 message from';
const goOn = 'What was imported stays. Run the same command again to go on.';

/** Resolves to the base URL of a server on a free port. */
async function listenOn(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${Object(server.address()).port}/v1`;
}

const limited = (headers: Record<string, string> = {}, code = 'rate_limit_exceeded') =>
  Response.json(
    { error: { message: 'Rate limit reached.', type: 'requests', param: null, code } },
    { status: 429, headers },
  );

/** Answers of the list of messages, before the list itself. */
const failingMessages = (responses: readonly (() => Response)[]) => {
  const remaining = [...responses];
  return {
    answer: (_request: Request, path: string) =>
      path.endsWith('/messages') ? remaining.shift()?.() : undefined,
  };
};

describe('a limit of requests', () => {
  test('is waited for as long as the server asks', async () => {
    const host = await startHost(
      data,
      failingMessages([
        () => limited({ 'retry-after': '30' }),
        () => limited({ 'retry-after-ms': '1500' }),
        () => limited({ 'x-ratelimit-reset-requests': '1m2s' }),
      ]),
    );
    const clock = createInstantClock();
    const { code, lines } = await pullFrom(host.url, { clock });
    expect(clock.sleeps).toEqual([30_000, 1500, 62_000]);
    expect([code, lines]).toEqual([
      0,
      [
        'Waiting 30 seconds: HTTP 429: Rate limit reached.',
        'Waiting 62 seconds: HTTP 429: Rate limit reached.',
        `${imported} ${host.url}.`,
      ],
    ]);
  });

  test('without a time is waited for longer and longer', async () => {
    const host = await startHost(data, failingMessages(Array.from({ length: 9 }, () => limited)));
    const clock = createInstantClock();
    expect(await pullFrom(host.url, { clock })).toMatchObject({ code: 0 });
    expect(clock.sleeps).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60].map((seconds) => seconds * 1000));
  });

  test('is respected before it is exceeded', async () => {
    const headers = { 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '8s' };
    const host = await startHost(data, {
      answer: (_request, path) =>
        path === '/assistants' ? Response.json({ data: [assistant] }, { headers }) : undefined,
    });
    const clock = createInstantClock();
    expect(await pullFrom(host.url, { clock })).toMatchObject({ code: 0 });
    // The list of assistants has a second page, which is empty.
    expect(clock.sleeps).toEqual([8000, 8000]);
  });

  test.each([
    [limited({}, 'insufficient_quota'), 'HTTP 429: Rate limit reached.', 'that no waiting lifts'],
    [
      limited({ 'retry-after': '7200' }),
      'HTTP 429: Rate limit reached. The server asks to wait for 120 minutes.',
      'of hours',
    ],
  ])('ends the import at once: %#', async (response, sentence) => {
    const host = await startHost(data, failingMessages([() => response]));
    const clock = createInstantClock();
    const { code, lines } = await pullFrom(host.url, { clock });
    expect([code, lines, clock.sleeps]).toEqual([
      1,
      [`Imported 1 assistant and 1 thread from ${host.url}.`, `${sentence} ${goOn}`],
      [],
    ]);
  });
});

const unavailable = () => errorResponse(503, 'Overloaded.');

describe('an outage', () => {
  test('is waited for and does not lose or double anything', async () => {
    const host = await startHost(
      data,
      failingMessages(Array.from({ length: 6 }, () => unavailable)),
    );
    const clock = createInstantClock();
    const { code, exported } = await pullFrom(host.url, { clock });
    expect([code, clock.sleeps.length, (await exported()).length]).toEqual([0, 6, 3]);
  });

  test('of one list is named, and the rest is imported without further waiting', async () => {
    const threads = ['a', 'b', 'c'].map((id) => ({ ...thread, id }));
    const host = await startHost(
      { ...data, threads },
      {
        answer: (_request, path) =>
          path.endsWith('/runs') ? errorResponse(500, 'Runs are broken') : undefined,
      },
    );
    const clock = createInstantClock();
    const { code, lines, exported } = await pullFrom(host.url, { clock });
    expect([code, lines.slice(-2)]).toEqual([
      1,
      ['Not imported:', '- runs of a, runs of b, runs of c: HTTP 500: Runs are broken.'],
    ]);
    expect(clock.sleeps).toEqual([1, 2, 4, 8, 16, 32].map((seconds) => seconds * 1000));
    expect((await exported()).map(({ id }) => id)).toEqual([assistant.id, 'a', 'b', 'c']);
  });

  test('of the connection ends the import after a minute', async () => {
    const server = createServer((request, response) => {
      if (request.url?.startsWith('/v1/assistants') !== true) return response.destroy();
      return response.end(JSON.stringify({ data: [assistant], has_more: false }));
    });
    const clock = createInstantClock();
    const { code, lines } = await pullFrom(await listenOn(server), { clock });
    expect([code, lines.at(-1)]).toEqual([
      1,
      `The server cannot be reached: other side closed. ${goOn}`,
    ]);
    expect(clock.sleeps.reduce((sum, ms) => sum + ms, 0)).toBe(63_000);
  });

  test('from the beginning ends it sooner, because the address may be wrong', async () => {
    const server = createServer();
    const url = await listenOn(server);
    server.close();
    const clock = createInstantClock();
    const { code, lines } = await pullFrom(url, { clock });
    const { host } = new URL(url);
    expect([code, lines, clock.sleeps]).toEqual([
      1,
      [`The server cannot be reached: connect ECONNREFUSED ${host}.`],
      [1000, 2000],
    ]);
  });

  test('in the middle of a page is repaired by reading the page again', async () => {
    let breaks = 2;
    const server = createServer((request, response) => {
      const path = new URL(request.url ?? '', 'http://host').pathname;
      const list = { '/v1/assistants': [assistant], '/v1/threads': [thread] }[path] ?? [];
      const body = JSON.stringify({ data: list, has_more: false });
      response.writeHead(200, { 'content-type': 'application/json' });
      if (path !== '/v1/threads' || breaks === 0) return response.end(body);
      breaks -= 1;
      response.write(body.slice(0, 40), () => response.destroy());
      return response;
    });
    const clock = createInstantClock();
    const { code, exported } = await pullFrom(await listenOn(server), { clock });
    expect([code, (await exported()).length, clock.sleeps]).toEqual([0, 2, [1000, 2000]]);
  });
});

describe('a server that does not let anybody in', () => {
  test.each([401, 403])('is reported at once: %i', async (status) => {
    const host = await startHost(data, {
      answer: () => errorResponse(status, 'Incorrect API key provided: sk-source-0123456789.'),
    });
    const { code, lines } = await pullFrom(host.url);
    expect([code, lines, host.requests.length]).toEqual([
      1,
      [`HTTP ${status}: Incorrect API key provided: [redacted].`],
      1,
    ]);
  });

  test('to threads is reported at the first one', async () => {
    const threads = ['a', 'b', 'c'].map((id) => ({ ...thread, id }));
    const host = await startHost(
      { ...data, threads },
      {
        answer: (_request, path) =>
          path.startsWith('/threads/') ? errorResponse(403, 'Missing scopes: threads.') : undefined,
      },
    );
    const { code, lines } = await pullFrom(host.url, { threads: ['a', 'b', 'c'] });
    expect([code, lines.at(-1), host.requests.at(-1)]).toEqual([
      1,
      `HTTP 403: Missing scopes: threads. ${goOn}`,
      '/threads/a',
    ]);
  });

  test('any more, because a token has expired, keeps what is there', async () => {
    let isValid = true;
    const host = await startHost(data, {
      answer: (_request, path) => {
        if (path.endsWith('/messages')) isValid = false;
        return isValid ? undefined : errorResponse(401, 'The token has expired.');
      },
    });
    const { code, lines, exported } = await pullFrom(host.url);
    expect([code, lines.at(-1), (await exported()).length]).toEqual([
      1,
      `HTTP 401: The token has expired. ${goOn}`,
      2,
    ]);
  });
});

test('follows no redirect to another origin, which would get the key', async () => {
  const other = await startRedirecting(() => null);
  const host = await startRedirecting((path) => ({
    status: 307,
    location: `${other.origin}${path}`,
  }));
  const { code, lines } = await pullFrom(`${host.origin}/v1`);
  expect([code, lines.at(-1), other.received]).toEqual([
    1,
    `HTTP 502: ${host.origin} redirects to ${other.origin}, which is another origin; set --from to it if you trust it.`,
    [],
  ]);
});

test.each([
  ['<!doctype html><title>Sign in</title>', 'a web page'],
  ['Welcome', 'something else'],
])('says that a URL leads to no API: %s', async (body, what) => {
  const host = await startHost(data, { answer: () => new Response(body) });
  const { code, lines } = await pullFrom(host.url);
  expect([code, lines.at(-1)]).toEqual([1, `The server answered with ${what} instead of JSON.`]);
});

test('reads the sentence out of an HTML error page', async () => {
  const page = '<html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body>';
  const host = await startHost(data, {
    answer: (_request, path) =>
      path.endsWith('/runs')
        ? new Response(page, { status: 502, headers: { 'content-type': 'text/html' } })
        : undefined,
  });
  const { lines } = await pullFrom(host.url);
  expect(lines.at(-1)).toBe(`- runs of ${thread.id}: HTTP 502: 502 Bad Gateway Bad Gateway.`);
});
