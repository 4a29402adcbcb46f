import { describe, expect, test } from 'vitest';
import { fetchWithinOrigin, sdkFetchWithinOrigin } from '../../src/shared/same-origin-fetch.ts';
import { type Redirect, startRedirecting } from '../support/redirects.ts';

const statuses = [301, 302, 303, 307, 308];

const follow = fetchWithinOrigin(globalThis.fetch, 'set OPENAI_BASE_URL to it if you trust it');

const post = {
  method: 'POST',
  body: 'the prompt',
  headers: { 'api-key': 'k', 'content-type': 'text/plain' },
};

/** A server that redirects /start to this location and answers every other path. */
const redirectingTo = (status: number, location?: string) =>
  startRedirecting((path): Redirect =>
    path === '/start' ? { status, ...(location !== undefined && { location }) } : null,
  );

describe.each(statuses)('a %i', (status) => {
  test.each(['/end', 'end', './end', '?x=/end'])('to %s is followed', async (location) => {
    const server = await redirectingTo(status, location);
    const response = await follow(`${server.origin}/start`, post);
    expect(response.status).toBe(200);
    const keepsBody = status > 303;
    const [, next] = server.received;
    expect(next?.line).toMatch(keepsBody ? /^POST / : /^GET /);
    expect(next?.body).toBe(keepsBody ? 'the prompt' : '');
    expect(next?.headers['content-type']).toBe(keepsBody ? 'text/plain' : undefined);
    expect(next?.headers['api-key']).toBe('k');
  });

  test('to the same origin, written in full, is followed without its credentials', async () => {
    const server = await startRedirecting((path) =>
      path === '/start'
        ? { status, location: `${server.origin.replace('//', '//u:p@')}/end` }
        : null,
    );
    expect((await follow(`${server.origin}/start`)).status).toBe(200);
    expect(server.received[1]?.headers.authorization).toBeUndefined();
  });

  test('keeps the method of a GET, a HEAD and a DELETE, except that a 303 is a GET', async () => {
    const server = await redirectingTo(status, '/end');
    for (const method of ['GET', 'HEAD', 'DELETE'])
      await follow(`${server.origin}/start`, { method });
    const lines = server.received.map(({ line }) => line).filter((line) => line.endsWith('/end'));
    expect(lines).toEqual(['GET /end', 'HEAD /end', status === 303 ? 'GET /end' : 'DELETE /end']);
  });

  test('to another port, host or scheme is refused, and nothing is sent there', async () => {
    const other = await startRedirecting(() => null);
    const { port } = new URL(other.origin);
    const places = [
      other.origin,
      `http://localhost:${port}`,
      `//127.0.0.1:${port}`,
      `https://127.0.0.1:${port}`,
      `http://127.0.0.1.evil.example:${port}`,
    ];
    for (const place of places) {
      const server = await redirectingTo(status, `${place}/end?secret=1`);
      const shown = place.startsWith('//') ? `http:${place}` : place;
      await expect(follow(`${server.origin}/start`, post)).rejects.toThrow(
        `${server.origin} redirects to ${shown}, which is another origin; set OPENAI_BASE_URL to it if you trust it.`,
      );
      expect(server.received).toHaveLength(1);
    }
    expect(other.received).toEqual([]);
  });

  test('from https to http of the same host is refused', async () => {
    const requests: string[] = [];
    const https = async (input: string | URL | Request) => {
      requests.push(new Request(input).url);
      return new Response(null, { status, headers: { location: 'http://api.example/end' } });
    };
    await expect(fetchWithinOrigin(https, 'stop')('https://api.example/start')).rejects.toThrow(
      'https://api.example redirects to http://api.example, which is another origin; stop.',
    );
    expect(requests).toEqual(['https://api.example/start']);
  });

  test.each(['file:///etc/passwd', 'data:text/plain,x', 'javascript:1'])(
    'to %s is refused',
    async (location) => {
      const server = await redirectingTo(status, location);
      await expect(follow(`${server.origin}/start`)).rejects.toThrow('which is another origin');
    },
  );

  test.each([undefined, '', 'http://', 'http://[::1'])(
    'to nothing (%s) fails',
    async (location) => {
      const server = await redirectingTo(status, location);
      await expect(follow(`${server.origin}/start`)).rejects.toThrow(
        `${server.origin} redirects (${status}) without a valid location.`,
      );
    },
  );

  test('in a loop ends after five redirects', async () => {
    const server = await startRedirecting(() => ({ status, location: '/start' }));
    await expect(follow(`${server.origin}/start`)).rejects.toThrow(
      `${server.origin} redirects more than 5 times.`,
    );
    expect(server.received).toHaveLength(6);
  });

  test('after a redirect within the origin is refused just the same', async () => {
    const other = await startRedirecting(() => null);
    const server = await startRedirecting((path) => ({
      status,
      location: path === '/start' ? '/next' : other.origin,
    }));
    await expect(follow(`${server.origin}/start`)).rejects.toThrow('which is another origin');
    expect(other.received).toEqual([]);
  });
});

test('a Request object is followed with its method, headers and body', async () => {
  const server = await redirectingTo(308, '/end');
  await follow(new Request(`${server.origin}/start`, post));
  expect(server.received[1]).toMatchObject({ line: 'POST /end', body: 'the prompt' });
});

test('a streamed body is not sent again', async () => {
  const server = await redirectingTo(307, '/end');
  const body = new Blob(['the prompt']).stream();
  const init: RequestInit & { duplex: 'half' } = { method: 'POST', body, duplex: 'half' };
  await expect(follow(`${server.origin}/start`, init)).rejects.toThrow('cannot be sent again');
});

test('the SDK gets a 502 that it does not retry', async () => {
  const server = await redirectingTo(307, 'https://other.example/end');
  const response = await sdkFetchWithinOrigin(
    globalThis.fetch,
    'OPENAI_BASE_URL',
  )(`${server.origin}/start`);
  expect(response.status).toBe(502);
  expect(response.headers.get('x-should-retry')).toBe('false');
  expect(await response.json()).toEqual({
    error: {
      message: `${server.origin} redirects to https://other.example, which is another origin; set OPENAI_BASE_URL to it if you trust it.`,
      type: 'server_error',
      param: null,
      code: null,
    },
  });
});
