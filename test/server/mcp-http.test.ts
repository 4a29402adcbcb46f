import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createAssistant } from '../support/conversation.ts';
import { type RunningServe, sdkFor, startServe } from '../support/serve.ts';

const token = 'let-me-in-0123456789-abcdefgh';
const withToken = { ASSISTANTS_MODEL_API: 'scripted', ASSISTANTS_TOKEN: token };

/** The methods of two protocol versions, whose requests have different headers. */
const protocols = {
  '2025-11-25': { headers: { 'mcp-protocol-version': '2025-11-25' }, meta: {} },
  '2026-07-28': {
    headers: { 'mcp-protocol-version': '2026-07-28' },
    meta: {
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
        'io.modelcontextprotocol/clientCapabilities': {},
      },
    },
  },
} as const;

interface Call {
  readonly version: keyof typeof protocols;
  readonly accept: string | null;
  readonly method?: string;
  readonly params?: object;
  readonly path?: string;
}

/** Sends a request over fetch, which adds an `Accept` of its own unless one is given. */
async function send({ url }: RunningServe, call: Call) {
  const { version, accept, method = 'tools/list', params = {}, path = '/mcp' } = call;
  const { headers, meta } = protocols[version];
  const name: unknown = Reflect.get(params, 'name');
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: {
      ...headers,
      'content-type': 'application/json',
      'mcp-method': method,
      ...(typeof name === 'string' && { 'mcp-name': name }),
      ...(accept !== null && { accept }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, ...meta } }),
  });
  return { status: response.status, type: response.headers.get('content-type'), response };
}

const versions = ['2025-11-25', '2026-07-28'] as const;

describe.each(versions)('in protocol %s', (version) => {
  test.each(['application/json', '*/*', null, 'Application/JSON;q=1', ''])(
    'a client that accepts %j gets JSON',
    async (accept) => {
      const served = await startServe();
      const { status, type, response } = await send(served, { version, accept });
      expect([status, type]).toEqual([200, expect.stringContaining('application/json')]);
      expect(await response.json()).toMatchObject({ id: 1, result: { tools: expect.any(Array) } });
    },
  );

  test('a client that accepts JSON alone gets the result of a call with progress', async () => {
    const served = await startServe();
    const { id: assistant_id } = await createAssistant({ openai: sdkFor(served) }, { tools: [] });
    const thread = { messages: [{ role: 'user', content: 'Hello.' }] };
    const { type, response } = await send(served, {
      version,
      accept: 'application/json',
      method: 'tools/call',
      params: {
        name: 'create_thread_and_run',
        arguments: { assistant_id, thread },
        _meta: { ...Reflect.get(protocols[version].meta, '_meta'), progressToken: 1 },
      },
    });
    expect(type).toContain('application/json');
    expect(await response.json()).toMatchObject({
      result: { structuredContent: { status: 'completed' } },
    });
  });

  test('a client that accepts both, but asks for no progress, gets JSON', async () => {
    const served = await startServe();
    const accept = 'application/json, text/event-stream';
    const { status, type, response } = await send(served, { version, accept });
    expect([status, type]).toEqual([200, expect.stringContaining('application/json')]);
    expect(await response.json()).toMatchObject({ id: 1, result: { tools: expect.any(Array) } });
  });

  test('/mcp/ is the same as /mcp', async () => {
    const served = await startServe();
    const { status } = await send(served, { version, accept: '*/*', path: '/mcp/' });
    expect(status).toBe(200);
  });
});

test('a client of 2025 that accepts only streams gets a stream', async () => {
  const served = await startServe();
  const accept = 'text/event-stream';
  const { type, response } = await send(served, { version: '2025-11-25', accept });
  expect(type).toContain('text/event-stream');
  expect(await response.text()).toMatch(/^event: message\ndata: \{.*"tools":\[/u);
});

test('a client of 2025 that accepts both gets progress in a stream', async () => {
  const served = await startServe();
  const { id: assistant_id } = await createAssistant({ openai: sdkFor(served) }, { tools: [] });
  const thread = { messages: [{ role: 'user', content: 'Hello.' }] };
  const { type, response } = await send(served, {
    version: '2025-11-25',
    accept: 'application/json, text/event-stream',
    method: 'tools/call',
    params: {
      name: 'create_thread_and_run',
      arguments: { assistant_id, thread },
      _meta: { progressToken: 0 },
    },
  });
  expect(type).toContain('text/event-stream');
  expect(await response.text()).toMatch(/"progressToken":0.*"status":"completed"/su);
});

test('a stream of changes stays a stream', async () => {
  const served = await startServe();
  const { type, response } = await send(served, {
    version: '2026-07-28',
    accept: 'application/json',
    method: 'subscriptions/listen',
    params: { notifications: {} },
  });
  expect(type).toContain('text/event-stream');
  await response.body?.cancel();
});

describe('with a token', () => {
  test.each([
    '/.well-known/oauth-protected-resource',
    '/.well-known/oauth-protected-resource/mcp',
    '/.well-known/oauth-authorization-server',
    '/.well-known/oauth-authorization-server/mcp',
    '/.well-known/openid-configuration',
    '/mcp/.well-known/oauth-authorization-server',
    '/mcp/.well-known/openid-configuration',
    '/register',
  ])('%s is a 404 for a client without it', async (path) => {
    const { url } = await startServe({ env: withToken });
    for (const method of ['GET', 'POST']) {
      expect((await fetch(`${url}${path}`, { method })).status).toBe(404);
    }
  });

  test.each(['/v1/assistants', '/.well-known/security.txt', '/v1/.well-known/oauth-x', '/other'])(
    '%s still needs it',
    async (path) => {
      const { url } = await startServe({ env: withToken });
      expect((await fetch(`${url}${path}`)).status).toBe(401);
    },
  );

  test.each([
    [{}, 'This MCP server needs a token.'],
    [{ authorization: 'Bearer wrong' }, 'The token of this request is wrong.'],
  ])('a client with the headers %j is told which one to send', async (headers, reason) => {
    const { url } = await startServe({ env: withToken });
    const sentence = `${reason} Add the header 'Authorization: Bearer TOKEN' to this server in your MCP host, where TOKEN is the value of ASSISTANTS_TOKEN on the server.`;
    for (const path of ['/mcp', '/mcp/']) {
      const response = await fetch(`${url}${path}`, { method: 'POST', headers });
      expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
      expect(await response.json()).toMatchObject({ jsonrpc: '2.0', error: { message: sentence } });
    }
    const client = new Client({ name: 'test', version: '1' });
    onTestFinished(() => client.close());
    const requestInit = { headers };
    const transport = new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit });
    await expect(client.connect(transport)).rejects.toThrow(reason);
  });
});
