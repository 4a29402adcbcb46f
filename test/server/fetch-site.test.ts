import { describe, expect, test } from 'vitest';
import { type RunningServe, startServe, writeRaw } from '../support/serve.ts';

const token = 'let-me-in-0123456789-abcdefgh';
const paths = ['/v1/assistants', '/v1/models', '/mcp', '/healthz'];

/** Sends what a browser would send; `fetch` does not let us set these headers. */
const send = (served: RunningServe, line: string, headers: readonly string[] = []) =>
  writeRaw(served, [`${line} HTTP/1.1`, 'Host: localhost', ...headers]);

const refusal = {
  error: {
    message:
      "This server has no token and does not answer pages of other sites or links to it. Set ASSISTANTS_TOKEN, or add the page's origin to --allowed-origins.",
    type: 'invalid_request_error',
    param: null,
    code: null,
  },
};

const navigation = ['Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document'];

describe('without a token', () => {
  test.each(['cross-site', 'same-site', 'same-origin, cross-site', 'CROSS-SITE', 'unknown', ''])(
    'refuses a request that a browser marks as %j',
    async (site) => {
      const served = await startServe();
      for (const path of paths) {
        for (const method of ['GET', 'POST', 'DELETE']) {
          const response = await send(served, `${method} ${path}`, [`Sec-Fetch-Site: ${site}`]);
          expect([response.status, JSON.parse(response.body)]).toEqual([403, refusal]);
        }
      }
    },
  );

  test.each(['GET', 'POST'])(
    'refuses a %s navigation from a page of this origin',
    async (method) => {
      const served = await startServe();
      const headers = ['Sec-Fetch-Site: same-origin', ...navigation];
      for (const path of paths) {
        const own = [...headers, `Origin: http://localhost`];
        const response = await send(served, `${method} ${path}`, method === 'GET' ? headers : own);
        expect([response.status, JSON.parse(response.body)]).toEqual([403, refusal]);
      }
    },
  );

  test('refuses a form that a page without an origin sends', async () => {
    const served = await startServe();
    const headers = ['Sec-Fetch-Site: cross-site', 'Content-Type: text/plain', 'Content-Length: 2'];
    const response = await writeRaw(
      served,
      ['POST /v1/threads HTTP/1.1', 'Host: localhost', ...headers, ...navigation],
      '{}',
    );
    expect(response.status).toBe(403);
    const list = await send(served, 'GET /v1/threads');
    expect(JSON.parse(list.body).data).toEqual([]);
  });

  test('answers an address that a person entered, but no write', async () => {
    const served = await startServe();
    const headers = ['Sec-Fetch-Site: none', ...navigation];
    expect((await send(served, 'GET /v1/assistants', headers)).status).toBe(200);
    expect((await send(served, 'POST /v1/threads', headers)).status).toBe(403);
  });

  test('answers programs, and a page of this origin that calls with fetch', async () => {
    const served = await startServe();
    expect((await send(served, 'GET /v1/assistants')).status).toBe(200);
    const own = ['Sec-Fetch-Site: same-origin', 'Sec-Fetch-Mode: cors'];
    expect((await send(served, 'GET /v1/assistants', own)).status).toBe(200);
    expect((await fetch(`${served.url}/v1/assistants`)).status).toBe(200);
  });

  test('answers pages of an allowed origin, and no other part of their site', async () => {
    const origin = 'https://app.example';
    const served = await startServe({ argv: ['--allowed-origins', origin] });
    const site = 'Sec-Fetch-Site: cross-site';
    const allowed = await send(served, 'GET /v1/assistants', [site, `Origin: ${origin}`]);
    expect(allowed.status).toBe(200);
    for (const headers of [
      [site],
      [site, 'Origin: https://www.app.example'],
      [site, 'Origin: null'],
    ]) {
      expect((await send(served, 'GET /v1/assistants', headers)).status).toBe(403);
    }
  });
});

test('with a token, the token decides', async () => {
  const env = { ASSISTANTS_MODEL_API: 'scripted', ASSISTANTS_TOKEN: token };
  const served = await startServe({ env });
  const site = 'Sec-Fetch-Site: cross-site';
  expect((await send(served, 'GET /v1/assistants', [site])).status).toBe(401);
  const headers = [site, `Authorization: Bearer ${token}`];
  expect((await send(served, 'GET /v1/assistants', headers)).status).toBe(200);
});
