import { describe, expect, test } from 'vitest';
import { startServe, writeRaw, type RunningServe } from '../support/serve.ts';

const path = '/v1/assistants';
const token = 'let-me-in-0123456789-abcdefgh';
const guarded = { ASSISTANTS_MODEL_API: 'scripted', ASSISTANTS_TOKEN: token };

/** GET with headers that a browser or an attacker would send. */
const get = ({ url }: RunningServe, headers: Record<string, string> = {}, target = path) =>
  fetch(url + target, { headers });

const refusal = (message: string, code: string | null = null) => ({
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
  ])('%s is this machine', async (host) => {
    const served = await startServe();
    const answer = await writeRaw(served, [`GET ${path} HTTP/1.1`, `Host: ${host}`]);
    expect(answer.status).toBe(200);
  });

  test.each([
    'evil.example',
    'evil.example:8080',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '192.168.1.5',
    'localhost:80@evil.example',
    '0.0.0.0',
  ])('%s is somebody else, whatever it resolves to', async (host) => {
    const served = await startServe();
    for (const target of [path, '/mcp', '/v1/files']) {
      const answer = await writeRaw(served, [`GET ${target} HTTP/1.1`, `Host: ${host}`]);
      expect([400, 403]).toContain(answer.status);
      expect(JSON.parse(answer.body)).toMatchObject({ error: { type: 'invalid_request_error' } });
    }
    expect((await get(served)).status).toBe(200);
  });

  test('says what to do about it', async () => {
    const served = await startServe();
    const answer = await writeRaw(served, [`GET ${path} HTTP/1.1`, 'Host: box.example:80']);
    expect(answer.status).toBe(403);
    expect(JSON.parse(answer.body)).toEqual(
      refusal(
        "Host 'box.example:80' is not allowed. Add it to --allowed-hosts to use this server by that name.",
      ),
    );
  });

  test.each([['GET http://evil.example/v1/assistants HTTP/1.1', 'Host: localhost']])(
    'does not outweigh a foreign name in the request line',
    async (...lines) => {
      const served = await startServe();
      expect((await writeRaw(served, lines)).status).toBe(403);
    },
  );

  test('has to be there', async () => {
    const served = await startServe();
    expect((await writeRaw(served, [`GET ${path} HTTP/1.1`])).status).toBe(400);
  });

  test.each(['/healthz', path])('is not asked of probes in HTTP/1.0: %s', async (target) => {
    const served = await startServe();
    const line = `GET ${target} HTTP/1.0`;
    expect((await writeRaw(served, [line])).status).toBe(200);
    expect((await writeRaw(served, [line, 'Host: evil.example'])).status).toBe(403);
  });

  test('names that are allowed are answered, with any port', async () => {
    const served = await startServe({ argv: ['--allowed-hosts', 'Box.example:1, 10.0.0.7'] });
    for (const host of ['box.example', 'BOX.example:99', '10.0.0.7:80']) {
      const answer = await writeRaw(served, [`GET ${path} HTTP/1.1`, `Host: ${host}`]);
      expect(answer.status).toBe(200);
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
  ])('%s may not call', async (origin) => {
    const served = await startServe();
    for (const target of [path, '/mcp', '/v1/files']) {
      const answer = await get(served, { origin }, target);
      expect(answer.status).toBe(403);
      expect(answer.headers.has('access-control-allow-origin')).toBe(false);
    }
  });

  test('a page of this very server may', async () => {
    const served = await startServe();
    expect((await get(served, { origin: served.url })).status).toBe(200);
  });

  test('a page that is allowed may, and may read the answer', async () => {
    const origin = 'https://app.example';
    const served = await startServe({ argv: ['--allowed-origins', origin], env: guarded });
    const answer = await get(served, { origin, authorization: `Bearer ${token}` });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
    expect(answer.headers.get('access-control-expose-headers')).toContain('openai-poll-after-ms');
    expect(answer.headers.get('vary')).toBe('Origin');
    const refused = await get(served, { origin });
    expect(refused.status).toBe(401);
    expect(refused.headers.get('access-control-allow-origin')).toBe(origin);
    expect((await get(served, { origin: 'https://app.example:444' })).status).toBe(403);
  });

  test('a browser asks first, without the token', async () => {
    const origin = 'https://app.example';
    const served = await startServe({ argv: ['--allowed-origins', origin], env: guarded });
    const answer = await preflight(served, origin);
    expect(answer.status).toBe(204);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
      'access-control-allow-headers': 'authorization,x-stainless-os',
      'access-control-max-age': '600',
    });
    expect((await preflight(served, 'https://evil.example')).status).toBe(403);
  });

  test('OPTIONS is else no method of the API', async () => {
    const served = await startServe();
    expect((await preflight(served, served.url)).status).toBe(405);
    const answer = await fetch(served.url + path, { method: 'OPTIONS' });
    expect(answer.status).toBe(405);
    expect(await answer.json()).toEqual(refusal(`Not allowed to OPTIONS on ${path}.`));
  });
});

describe('the token', () => {
  const missing = refusal(
    "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY), or as the password field (with blank username) if you're accessing the API from your browser and are prompted for a username and password. You can obtain an API key from https://platform.openai.com/account/api-keys.",
  );

  test.each<[string, Record<string, string>, string]>([
    ['is missing', {}, path],
    ['is in the query', {}, `${path}?token=${token}&api_key=${token}&access_token=${token}`],
    ['is in another header', { 'api-key': token, 'x-api-key': token, cookie: token }, path],
    ['is a password', { authorization: `Basic ${btoa(`:${token}`)}` }, path],
    ['is empty', { authorization: 'Bearer ' }, path],
    ['has no scheme', { authorization: token }, path],
    ['is not even looked for', {}, '/nowhere'],
    ['is missing for MCP', {}, '/mcp'],
    ['is missing for what is passed on', {}, '/v1/files'],
  ])('401 when it %s', async (_what, headers, target) => {
    const served = await startServe({ env: guarded });
    const answer = await get(served, headers, target);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    expect(await answer.json()).toEqual(missing);
  });

  test.each([
    [`${token}x`, 'let-me-********************fghx'],
    ['sk-proj-abcdefghijklmnopqrstuvwxyz', 'sk-proj-********************wxyz'],
    ['short-key', 'sh********************'],
    ['abc', '********************'],
  ])('401 when it is wrong, and %s is not told again', async (key, masked) => {
    const served = await startServe({ env: guarded });
    const answer = await get(served, { authorization: `Bearer ${key}` });
    expect(answer.status).toBe(401);
    expect(await answer.json()).toEqual(
      refusal(
        `Incorrect API key provided: ${masked}. You can find your API key at https://platform.openai.com/account/api-keys.`,
        'invalid_api_key',
      ),
    );
    expect(JSON.stringify(served.lines())).not.toContain(key);
    expect(JSON.stringify(served.lines())).not.toContain(token);
  });

  test.each(['Bearer', 'bearer', 'BEARER  '])('%s and the token open the door', async (scheme) => {
    const served = await startServe({ env: guarded });
    expect((await get(served, { authorization: `${scheme} ${token}` })).status).toBe(200);
  });

  test('where none is asked for, any key and none will do', async () => {
    const served = await startServe();
    expect((await get(served, { authorization: 'Bearer sk-of-old-days' })).status).toBe(200);
    expect((await get(served)).status).toBe(200);
  });
});

test('every answer has its request id, and so has every line of the log about it', async () => {
  const served = await startServe({ env: guarded });
  const authorization = `Bearer ${token}`;
  const answers = [
    await get(served),
    await get(served, { authorization }),
    await get(served, { authorization, origin: 'null' }),
    await get(served, { authorization }, '/v1/files'),
    await get(served, { authorization }, '/nowhere'),
    await get(served, { authorization }, '/mcp'),
  ];
  expect(answers.map(({ status }) => status)).toEqual([401, 200, 403, 501, 404, 405]);
  const ids = answers.map(({ headers }) => headers.get('x-request-id') ?? '');
  for (const id of ids) expect(id).toMatch(/^req_[0-9a-f]{32}$/u);
  expect(new Set(ids).size).toBe(ids.length);
  const lines = served.lines();
  expect(lines.map(({ request_id = '' }) => request_id).filter((id) => !ids.includes(id))).toEqual(
    [],
  );
  for (const id of ids) {
    const told = lines.filter(({ request_id }) => request_id === id);
    expect(told.at(-1)).toMatchObject({ message: 'request answered', ms: expect.any(Number) });
  }
});

test('a HEAD is a GET without its body', async () => {
  const served = await startServe();
  const answer = await fetch(served.url + path, { method: 'HEAD' });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('application/json');
  expect(await answer.text()).toBe('');
  expect((await fetch(`${served.url}/nowhere`, { method: 'HEAD' })).status).toBe(404);
});
