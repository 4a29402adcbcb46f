import { describe, expect, test } from 'vitest';
import { startServe, writeRaw, type RunningServe } from '../support/serve.ts';

const path = '/v1/assistants';
const token = 'let-me-in-0123456789-abcdefgh';
const withToken = { ASSISTANTS_MODEL_API: 'scripted', ASSISTANTS_TOKEN: token };

/** Sends a GET with headers that a browser or an attacker would send. */
const get = ({ url }: RunningServe, headers: Record<string, string> = {}, target = path) =>
  fetch(url + target, { headers });

const errorBody = (message: string, code: string | null = null) => ({
  error: { message, type: 'invalid_request_error', param: null, code },
});

const preflight = (served: RunningServe, origin: string) =>
  fetch(served.url + path, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,x-stainless-os',
    },
  });

describe('the Host header', () => {
  test.each([
    'localhost',
    'localhost:1234',
    'LOCALHOST',
    '127.0.0.1:8080',
    '127.0.0.1',
    '[::1]:8080',
    '[::1]',
  ])('accepts %s as this machine', async (host) => {
    const served = await startServe();
    const response = await writeRaw(served, [`GET ${path} HTTP/1.1`, `Host: ${host}`]);
    expect(response.status).toBe(200);
  });

  test.each([
    'evil.example',
    'evil.example:8080',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '192.168.1.5',
    'localhost:80@evil.example',
    '0.0.0.0',
  ])('rejects %s, even if it resolves to this machine', async (host) => {
    const served = await startServe();
    for (const target of [path, '/mcp', '/v1/files']) {
      const response = await writeRaw(served, [`GET ${target} HTTP/1.1`, `Host: ${host}`]);
      expect([400, 403]).toContain(response.status);
      expect(JSON.parse(response.body)).toMatchObject({ error: { type: 'invalid_request_error' } });
    }
    expect((await get(served)).status).toBe(200);
  });

  test('names --allowed-hosts in the error for an unknown host', async () => {
    const served = await startServe();
    const response = await writeRaw(served, [`GET ${path} HTTP/1.1`, 'Host: box.example:80']);
    expect(response.status).toBe(403);
    expect(JSON.parse(response.body)).toEqual(
      errorBody(
        "Host 'box.example:80' is not allowed. Add it to --allowed-hosts to use this server by that name.",
      ),
    );
  });

  test.each([['GET http://evil.example/v1/assistants HTTP/1.1', 'Host: localhost']])(
    'does not override an unknown host in the request line',
    async (...lines) => {
      const served = await startServe();
      expect((await writeRaw(served, lines)).status).toBe(403);
    },
  );

  test('is required in HTTP/1.1', async () => {
    const served = await startServe();
    expect((await writeRaw(served, [`GET ${path} HTTP/1.1`])).status).toBe(400);
  });

  test.each(['/healthz', path])('is optional in HTTP/1.0: %s', async (target) => {
    const served = await startServe();
    const line = `GET ${target} HTTP/1.0`;
    expect((await writeRaw(served, [line])).status).toBe(200);
    expect((await writeRaw(served, [line, 'Host: evil.example'])).status).toBe(403);
  });

  test('accepts the names of --allowed-hosts with any port', async () => {
    const served = await startServe({ argv: ['--allowed-hosts', 'Box.example:1, 10.0.0.7'] });
    for (const host of ['box.example', 'BOX.example:99', '10.0.0.7:80']) {
      const response = await writeRaw(served, [`GET ${path} HTTP/1.1`, `Host: ${host}`]);
      expect(response.status).toBe(200);
    }
  });
});

describe('the Origin header', () => {
  test.each([
    'https://evil.example',
    'null',
    'http://localhost:3000',
    'chrome-extension://abcdef',
    'file://',
    'not an origin',
  ])('%s is rejected', async (origin) => {
    const served = await startServe();
    for (const target of [path, '/mcp', '/v1/files']) {
      const response = await get(served, { origin }, target);
      expect(response.status).toBe(403);
      expect(response.headers.has('access-control-allow-origin')).toBe(false);
    }
  });

  test('accepts the origin of this server', async () => {
    const served = await startServe();
    expect((await get(served, { origin: served.url })).status).toBe(200);
  });

  test('accepts an allowed origin and lets its pages read the response', async () => {
    const origin = 'https://app.example';
    const served = await startServe({ argv: ['--allowed-origins', origin], env: withToken });
    const response = await get(served, { origin, authorization: `Bearer ${token}` });
    expect(response.status).toBe(200);
    expect(response.headers.get('access-control-allow-origin')).toBe(origin);
    expect(response.headers.get('access-control-expose-headers')).toContain('openai-poll-after-ms');
    expect(response.headers.get('vary')).toBe('Origin');
    const unauthorized = await get(served, { origin });
    expect(unauthorized.status).toBe(401);
    expect(unauthorized.headers.get('access-control-allow-origin')).toBe(origin);
    expect((await get(served, { origin: 'https://app.example:444' })).status).toBe(403);
  });

  test('answers the CORS preflight of an allowed origin without a token', async () => {
    const origin = 'https://app.example';
    const served = await startServe({ argv: ['--allowed-origins', origin], env: withToken });
    const response = await preflight(served, origin);
    expect(response.status).toBe(204);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
      'access-control-allow-headers': 'authorization,x-stainless-os',
      'access-control-max-age': '600',
    });
    expect((await preflight(served, 'https://evil.example')).status).toBe(403);
  });

  test('answers OPTIONS with a 405 unless it is a preflight of an allowed origin', async () => {
    const served = await startServe();
    expect((await preflight(served, served.url)).status).toBe(405);
    const response = await fetch(served.url + path, { method: 'OPTIONS' });
    expect(response.status).toBe(405);
    expect(await response.json()).toEqual(errorBody(`Not allowed to OPTIONS on ${path}.`));
  });
});

const basic = (credentials: string) => ({ authorization: `Basic ${btoa(credentials)}` });

describe('the bearer token', () => {
  const missing = errorBody(
    "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY), or as the password field (with blank username) if you're accessing the API from your browser and are prompted for a username and password. You can obtain an API key from https://platform.openai.com/account/api-keys.",
  );

  test.each<[string, Record<string, string>, string]>([
    ['is missing', {}, path],
    ['is in the query', {}, `${path}?token=${token}&api_key=${token}&access_token=${token}`],
    ['is in another header', { 'x-api-key': token, cookie: token }, path],
    ['is in an empty header', { 'api-key': '' }, path],
    ['is a user name', basic(`${token}:`), path],
    ['is the password of a user', basic(`user:${token}`), path],
    ['is an empty password', basic(':'), path],
    ['is a password without Base64', { authorization: `Basic :${token}` }, path],
    ['is empty', { authorization: 'Bearer ' }, path],
    ['has no scheme', { authorization: token }, path],
    ['is missing for an unknown path', {}, '/nowhere'],
    ['is missing for a proxied path', {}, '/v1/files'],
  ])('answers 401 when the token %s', async (_what, headers, target) => {
    const served = await startServe({ env: withToken });
    const response = await get(served, headers, target);
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
    expect(await response.json()).toEqual(missing);
  });

  test.each([
    [`${token}x`, 'let-me-********************fghx'],
    ['sk-proj-abcdefghijklmnopqrstuvwxyz', 'sk-proj-********************wxyz'],
    ['short-key', 'sh********************'],
    ['abc', '********************'],
  ])('answers 401 to the wrong token %s and never repeats it', async (key, masked) => {
    const served = await startServe({ env: withToken });
    const response = await get(served, { authorization: `Bearer ${key}` });
    expect(response.status).toBe(401);
    expect(await response.json()).toEqual(
      errorBody(
        `Incorrect API key provided: ${masked}. You can find your API key at https://platform.openai.com/account/api-keys.`,
        'invalid_api_key',
      ),
    );
    expect(JSON.stringify(served.lines())).not.toContain(key);
    expect(JSON.stringify(served.lines())).not.toContain(token);
  });

  test.each(['Bearer', 'bearer', 'BEARER  ', 'Bearer Bearer'])(
    'accepts the token after "%s"',
    async (scheme) => {
      const served = await startServe({ env: withToken });
      expect((await get(served, { authorization: `${scheme} ${token}` })).status).toBe(200);
    },
  );

  test('accepts the token from a host that sends the header twice', async () => {
    const served = await startServe({ env: withToken });
    const value = `Bearer ${token}`;
    expect((await get(served, { authorization: `${value}, ${value}` })).status).toBe(200);
    expect((await get(served, { authorization: `Bearer x, Bearer y` })).status).toBe(401);
  });

  test('accepts the token as a password without a user name, as curl sends -u :TOKEN', async () => {
    const served = await startServe({ env: withToken });
    expect((await get(served, basic(`:${token}`))).status).toBe(200);
    const response = await get(served, basic(`:${token}x`));
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ error: { code: 'invalid_api_key' } });
  });

  test('accepts any key and no key when no token is configured', async () => {
    const served = await startServe();
    expect((await get(served, { authorization: 'Bearer sk-any-key' })).status).toBe(200);
    expect((await get(served)).status).toBe(200);
  });
});

test('the server adds the request id to every response and every log line', async () => {
  const served = await startServe({ env: withToken });
  const authorization = `Bearer ${token}`;
  const responses = [
    await get(served),
    await get(served, { authorization }),
    await get(served, { authorization, origin: 'null' }),
    await get(served, { authorization }, '/v1/models'),
    await get(served, { authorization }, '/nowhere'),
    await get(served, { authorization }, '/mcp'),
  ];
  expect(responses.map(({ status }) => status)).toEqual([401, 200, 403, 501, 404, 405]);
  const ids = responses.map(({ headers }) => headers.get('x-request-id') ?? '');
  for (const id of ids) expect(id).toMatch(/^req_[0-9a-f]{32}$/u);
  expect(new Set(ids).size).toBe(ids.length);
  const lines = served.lines();
  expect(lines.map(({ request_id = '' }) => request_id).filter((id) => !ids.includes(id))).toEqual(
    [],
  );
  for (const id of ids) {
    const ofRequest = lines.filter(({ request_id }) => request_id === id);
    expect(ofRequest.at(-1)).toMatchObject({ message: 'request answered', ms: expect.any(Number) });
  }
});

test('the server answers HEAD like GET, without the body', async () => {
  const served = await startServe();
  const response = await fetch(served.url + path, { method: 'HEAD' });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('application/json');
  expect(await response.text()).toBe('');
  expect((await fetch(`${served.url}/nowhere`, { method: 'HEAD' })).status).toBe(404);
});
