import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import OpenAI from 'openai';
import { describe, expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { respondJson, serverKey, startProxy } from '../support/proxy.ts';
import { startServe, writeRaw } from '../support/serve.ts';

const token = 'let-me-in-0123456789-abcdefgh';
const scripted = { ASSISTANTS_MODEL_API: 'scripted' };
const withToken = { ...scripted, ASSISTANTS_TOKEN: token };

const hub =
  'agents/v1.0/subscriptions/s/resourceGroups/r/providers/Microsoft.MachineLearningServices/workspaces/w';

/** Every form in which Azure's clients write the paths of this API. */
const prefixes = [
  '/openai',
  '/openai/v1',
  '//openai',
  '/openai/',
  '/openai/v1/',
  '/OpenAI',
  '/openai/deployments/gpt-4o',
  '/openai/v1/deployments/gpt-4o',
  '/api/projects/demo',
  '/api/projects/my%20project',
  '/api/projects/demo/openai',
  '/api/projects/demo/openai/v1',
  `/${hub}`,
];

const errorSchema = z.object({
  error: z.object({ message: z.string(), type: z.string(), param: z.null(), code: z.string() }),
});

describe('a path of Azure’s', () => {
  test.each(prefixes)('leads to the engine from %s', async (prefix) => {
    const served = await startServe();
    const head = (method: string, path: string) => [
      `${method} ${prefix}${path} HTTP/1.1`,
      'Host: localhost',
    ];
    const body = '{"model":"gpt-4o"}';
    const created = await writeRaw(
      served,
      [
        ...head('POST', '/assistants?api-version=2024-05-01-preview'),
        `Content-Length: ${body.length}`,
      ],
      body,
    );
    expect(created.status).toBe(200);
    const { id } = z.object({ id: z.string() }).parse(JSON.parse(created.body));
    const found = await writeRaw(served, head('GET', `/assistants/${id}?api%2Dversion=v1`));
    expect(JSON.parse(found.body)).toMatchObject({ id });
    const plain = await fetch(`${served.url}/v1/assistants/${id}`);
    expect(JSON.parse(found.body)).toEqual(await plain.json());
    const threads = await writeRaw(served, head('GET', '/threads'));
    expect(JSON.parse(threads.body)).toMatchObject({ object: 'list', data: [] });
  });

  test.each(prefixes)('leads to the model endpoint from %s', async (prefix) => {
    const { served, requests } = await startProxy(respondJson({ object: 'list', data: [] }));
    const lines = [
      `GET ${prefix}/vector_stores?limit=2&api-version=v1&after=a%2Fb HTTP/1.1`,
      'Host: localhost',
      'api-key: sk-caller',
    ];
    expect((await writeRaw(served, lines)).status).toBe(200);
    const [request] = requests;
    expect(request?.url).toBe('/v1/vector_stores?limit=2&after=a%2Fb');
    expect(request?.headers.authorization).toBe(`Bearer ${serverKey}`);
    expect(JSON.stringify(request?.rawHeaders)).not.toContain('sk-caller');
  });

  test.each([
    '/openai',
    '/openai/',
    '/openai/../x',
    '/openai/%2e%2e%2fx',
    '/openai/x%2f..%2f..%2fadmin',
    '/openai/deployments/..%2f..',
    '/api/projects',
    '/api/projects/demo',
    '/api/other/demo/assistants',
    '/openaix/assistants',
    '/agents/v1.0/subscriptions/s/assistants',
    '/assistants',
  ])('is unknown if it is %s', async (path) => {
    const { served, requests } = await startProxy(respondJson({}));
    const response = await writeRaw(served, [`GET ${path} HTTP/1.1`, 'Host: localhost']);
    expect(response.status).toBe(404);
    expect(requests).toEqual([]);
  });

  test('keeps /v1 as it is', async () => {
    const served = await startServe();
    for (const path of ['/v1/openai/assistants', '/v1/api/projects/demo/assistants']) {
      const response = await fetch(served.url + path);
      expect(await response.json()).toMatchObject({
        error: { message: `Invalid URL (GET ${path})`, code: null },
      });
    }
    const error = await fetch(`${served.url}/v1/threads/a/b`);
    expect(await error.json()).toMatchObject({ error: { code: null } });
  });

  test('is refused for writing by a read-only server', async () => {
    const served = await startServe({ argv: ['--read-only'] });
    const response = await fetch(`${served.url}/openai/threads`, { method: 'POST', body: '{}' });
    expect([response.status, await response.json()]).toMatchObject([
      405,
      { error: { message: 'This server is read-only.', code: '405' } },
    ]);
  });

  test('counts as the resource of the engine in the metrics', async () => {
    const served = await startServe();
    await fetch(`${served.url}/api/projects/demo/threads`);
    const metrics = await (await fetch(`${served.url}/metrics`)).text();
    expect(metrics).toContain('route="threads"');
  });
});

describe('an error on a path of Azure’s', () => {
  test('has its status as the code if the engine did not make it', async () => {
    const served = await startServe({ env: withToken });
    const headers = { 'api-key': token };
    const results = await Promise.all([
      fetch(`${served.url}/openai/threads`),
      fetch(`${served.url}/openai/threads`, { headers: { 'api-key': 'wrong' } }),
      fetch(`${served.url}/openai/nothing/here`, { headers }),
      fetch(`${served.url}/openai/threads`, {
        headers: { ...headers, origin: 'https://x.example' },
      }),
    ]);
    const bodies = await Promise.all(results.map((response) => response.json()));
    const found = bodies.map((body) => errorSchema.parse(body).error);
    expect(found.map(({ code }) => code)).toEqual(['401', '401', '404', '403']);
    expect(found[0]?.message).toMatch(/^Access denied due to a missing API key\. /u);
    expect(found[2]?.message).toBe('Invalid URL (GET /openai/nothing/here)');
  });

  test('names the path that the client sent', async () => {
    const served = await startServe();
    const response = await fetch(`${served.url}/api/projects/demo/threads/a/b?api-version=v1`);
    expect(await response.json()).toEqual({
      error: {
        message: 'Invalid URL (GET /api/projects/demo/threads/a/b)',
        type: 'invalid_request_error',
        param: null,
        code: null,
      },
    });
  });

  test.each([
    ['a text', 'text/plain', 'no such model', 'no such model'],
    ['a detail', 'application/json', '{"detail":"Not Found"}', 'Not Found'],
    ['an error text', 'application/json', '{"error":"no such model"}', 'no such model'],
    ['nothing', 'text/plain', ' ', 'The model endpoint sent an error without a message.'],
    ['a long text', 'text/plain', 'x'.repeat(100_000), expect.stringMatching(/^x{9000}/u)],
  ])('of the model endpoint that is %s becomes an error object', async (_, type, body, message) => {
    const { served } = await startProxy((request, response) => {
      request.resume();
      response.writeHead(404, { 'content-type': type });
      response.end(body);
    });
    const response = await fetch(`${served.url}/api/projects/demo/files`);
    expect(response.status).toBe(404);
    expect(errorSchema.parse(await response.json()).error).toMatchObject({ message, code: '404' });
    const unchanged = await fetch(`${served.url}/openai/files`);
    expect(await unchanged.text()).toBe(body);
  });

  test('of the model endpoint with an error object stays as it is', async () => {
    const body = {
      error: { message: 'No such File object: a', type: 'x', param: 'id', code: null },
    };
    const { served } = await startProxy(respondJson(body, 404, { 'x-request-id': 'req_1' }));
    const response = await fetch(`${served.url}/api/projects/demo/files/a`);
    expect(response.headers.get('x-request-id')).toBe('req_1');
    expect(await response.json()).toEqual(body);
  });
});

describe('the header api-key', () => {
  test.each(['/v1/assistants', '/openai/assistants', '/metrics', '/healthz'])(
    'opens %s with the token',
    async (path) => {
      const served = await startServe({ env: withToken });
      const statusWith = async (headers: Record<string, string>) =>
        (await fetch(served.url + path, { headers })).status;
      expect(await statusWith({ 'api-key': token })).toBe(200);
      expect(await statusWith({ 'api-key': token, authorization: 'Bearer sk-other' })).toBe(200);
      expect(await statusWith({ 'api-key': 'sk-other', authorization: `Bearer ${token}` })).toBe(
        200,
      );
      expect(await statusWith({ 'api-key': 'sk-other' })).toBe(401);
      expect(await statusWith({ 'api-key': '' })).toBe(401);
      expect(await statusWith({ 'x-api-key': token })).toBe(401);
    },
  );

  test('opens MCP with the token', async () => {
    const served = await startServe({ env: withToken });
    const connect = async (key: string) => {
      const client = new Client({ name: 'test', version: '1' });
      const requestInit = { headers: { 'api-key': key } };
      const url = new URL(`${served.url}/mcp`);
      await client.connect(new StreamableHTTPClientTransport(url, { requestInit }));
      onTestFinished(() => client.close());
      return client.listTools();
    };
    expect((await connect(token)).tools.length).toBeGreaterThan(0);
    await expect(connect('sk-other')).rejects.toThrow(
      /401|Unauthorized|token of this request is wrong/u,
    );
  });

  test('works for a program that configures Azure by hand', async () => {
    const served = await startServe({ env: withToken });
    const client = new OpenAI({
      apiKey: 'placeholder',
      baseURL: `${served.url}/openai/deployments/gpt-4o`,
      defaultQuery: { 'api-version': '2024-02-15-preview' },
      defaultHeaders: { 'api-key': token },
      maxRetries: 0,
    });
    const assistant = await client.beta.assistants.create({ model: 'gpt-4o' });
    expect(assistant).toMatchObject({ object: 'assistant', file_ids: [] });
  });
});
