import {
  Client,
  StreamableHTTPClientTransport,
  type VersionNegotiationMode,
} from '@modelcontextprotocol/client';
import { Client as Client2025 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { describe, expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { type RunningServe, sdkFor, startServe } from '../support/serve.ts';

const token = 'let-me-in-0123456789-abcdefgh';
const withToken = { ASSISTANTS_MODEL_API: 'scripted', ASSISTANTS_TOKEN: token };
const info = { name: 'test', version: '1' };
const bearer = { requestInit: { headers: { authorization: `Bearer ${token}` } } };

interface McpClient {
  readonly version: string | undefined;
  readonly tools: readonly string[];
  readonly call: (name: string, args: object, progress?: string[]) => Promise<unknown>;
}

type Result = Readonly<Record<string, unknown>>;

const contentOf = ({ isError, content, structuredContent }: Result): unknown => {
  if (isError === true) throw new Error(JSON.stringify(content));
  return structuredContent;
};

const collectProgress = (progress?: string[]) => ({
  onprogress: ({ message }: { message?: string | undefined }) => void progress?.push(message ?? ''),
});

async function connectOld({ url }: RunningServe, options = bearer): Promise<McpClient> {
  const client = new Client2025(info);
  const transport = new OldTransport(new URL(`${url}/mcp`), options);
  await client.connect(transport);
  onTestFinished(() => client.close());
  const { tools } = await client.listTools();
  return {
    version: transport.protocolVersion,
    tools: tools.map(({ name }) => name),
    call: async (name, args, progress) =>
      contentOf(
        await client.callTool(
          { name, arguments: { ...args } },
          undefined,
          collectProgress(progress),
        ),
      ),
  };
}

const connectNew =
  (mode: VersionNegotiationMode) =>
  async ({ url }: RunningServe, options = bearer): Promise<McpClient> => {
    const client = new Client(info, { versionNegotiation: { mode } });
    await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`), options));
    onTestFinished(() => client.close());
    const { tools } = await client.listTools();
    return {
      version: client.getNegotiatedProtocolVersion(),
      tools: tools.map(({ name }) => name),
      call: async (name, args, progress) =>
        contentOf(
          await client.callTool({ name, arguments: { ...args } }, collectProgress(progress)),
        ),
    };
  };

const withId = z.looseObject({ id: z.string() });
const waitingRun = z.looseObject({
  id: z.string(),
  thread_id: z.string(),
  required_action: z.object({
    submit_tool_outputs: z.object({ tool_calls: z.tuple([withId]) }),
  }),
});
const getWeather = { type: 'function', function: { name: 'get_weather', parameters: {} } };

describe.each([
  ['the 2025 client', connectOld, '2025-11-25'],
  ['the 2026 client in legacy mode', connectNew('legacy'), '2025-11-25'],
  ['the 2026 client in auto mode', connectNew('auto'), '2026-07-28'],
  ['the 2026 client pinned to 2026-07-28', connectNew({ pin: '2026-07-28' }), '2026-07-28'],
] as const)('%s', (_name, connect, version) => {
  test('completes a run with a tool call, which REST shows too', async () => {
    const served = await startServe({ env: withToken });
    const client = await connect(served);
    expect(client.version).toBe(version);
    expect(client.tools).toHaveLength(32);
    const assistant = withId.parse(
      await client.call('create_assistant', { model: 'gpt-4.1-mini', tools: [getWeather] }),
    );
    const progress: string[] = [];
    const messages = [{ role: 'user', content: 'How is the weather?' }];
    const params = { assistant_id: assistant.id, thread: { messages }, wait_seconds: 45 };
    const waiting = waitingRun.parse(await client.call('create_thread_and_run', params, progress));
    expect(progress.join('\n')).toContain(waiting.id);
    const { id: run_id, thread_id, required_action: action } = waiting;
    const [{ id: tool_call_id }] = action.submit_tool_outputs.tool_calls;
    const outputs = { tool_outputs: [{ tool_call_id, output: 'light rain' }], wait_seconds: 45 };
    const run = await client.call('submit_tool_outputs', { thread_id, run_id, ...outputs });
    expect(run).toMatchObject({ status: 'completed' });
    const sdk = sdkFor(served, { apiKey: token });
    expect(await sdk.beta.threads.runs.retrieve(run_id, { thread_id })).toMatchObject({
      status: 'completed',
      assistant_id: assistant.id,
    });
  });

  test('makes 50 calls at once', async () => {
    const served = await startServe({ env: withToken });
    const { call } = await connect(served);
    const names = Array.from({ length: 50 }, (_, index) => `Assistant ${index}`);
    const created = await Promise.all(
      names.map((name) => call('create_assistant', { model: 'gpt-4.1-mini', name })),
    );
    expect(created).toEqual(names.map((name) => expect.objectContaining({ name })));
  });

  test('gets the API’s error with the request id', async () => {
    const served = await startServe({ env: withToken });
    const { call } = await connect(served);
    await expect(call('get_thread', { thread_id: 'thread_none' })).rejects.toThrow(
      /No thread found with id 'thread_none'\..*request id: req_[0-9a-f]{32}/u,
    );
    const failed = served.lines().find(({ tool }) => tool === 'get_thread');
    expect(failed?.request_id).toMatch(/^req_/u);
  });

  test('is rejected without the token', async () => {
    const served = await startServe({ env: withToken });
    const headers = { authorization: 'Bearer wrong' };
    await expect(connect(served, { requestInit: { headers } })).rejects.toThrow(
      /401|token of this request is wrong/u,
    );
  });
});

const post = ({ url }: RunningServe, body: string, headers: Record<string, string> = {}) =>
  fetch(`${url}/mcp`, {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
  });

const initialize = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: info },
});

describe('/mcp', () => {
  test('has no sessions', async () => {
    const served = await startServe();
    const response = await post(served, initialize);
    expect(response.status).toBe(200);
    expect(response.headers.has('mcp-session-id')).toBe(false);
    expect(await response.text()).toContain('"protocolVersion":"2025-06-18"');
    expect((await fetch(`${served.url}/mcp`)).status).toBe(405);
    expect((await fetch(`${served.url}/mcp`, { method: 'DELETE' })).status).toBe(405);
  });

  test.each(['', '2024-11-05', '2026-07-28', '2099-01-01', 'latest'])(
    'negotiates the version in initialize, whatever its header says: %j',
    async (header) => {
      const served = await startServe();
      const response = await post(served, initialize, { 'mcp-protocol-version': header });
      expect(response.status).toBe(200);
      expect(await response.text()).toContain('"protocolVersion":"2025-06-18"');
    },
  );

  test.each([
    ['', 200],
    ['2025-03-26', 200],
    ['2099-01-01', 400],
    ['1.0', 400],
    ['undefined', 400],
  ])('answers a call with the version %j with status %i', async (header, status) => {
    const served = await startServe();
    const list = '{"jsonrpc":"2.0","id":2,"method":"tools/list"}';
    const headers = { 'mcp-protocol-version': header, 'mcp-session-id': 'of-another-server' };
    expect((await post(served, list, headers)).status).toBe(status);
  });

  test.each([
    ['{', {}, 400],
    ['', {}, 400],
    ['[]', {}, 400],
    [initialize, { 'content-type': 'text/plain' }, 415],
    [initialize, { accept: 'text/html' }, 406],
  ])('answers the body %j with headers %j with status %i', async (body, headers, status) => {
    const served = await startServe();
    const response = await post(served, body, headers);
    expect(response.status).toBe(status);
    expect(response.headers.get('x-request-id')).toMatch(/^req_/u);
    expect((await post(served, initialize)).status).toBe(200);
  });

  test('answers a body that is too large, and one that is no JSON, with a JSON-RPC error', async () => {
    const served = await startServe();
    const large = await post(served, ' '.repeat(10 * 2 ** 20 + 1));
    expect(large.status).toBe(413);
    expect(await large.json()).toEqual({
      jsonrpc: '2.0',
      id: null,
      error: { code: -32600, message: 'The request body is larger than 10 MiB.' },
    });
    const malformed = await post(served, '{');
    expect(await malformed.json()).toMatchObject({ id: null, error: { code: -32700 } });
  });

  test.each([
    ['2025', connectOld],
    ['2026', connectNew({ pin: '2026-07-28' })],
  ])('cuts a large list, as over stdio, for the client of %s', async (_, connect) => {
    const served = await startServe({ env: withToken });
    const { call } = await connect(served);
    const { id: thread_id } = withId.parse(await call('create_thread', {}));
    const fields = { thread_id, role: 'user', content: 'x'.repeat(256_000) };
    for (let count = 0; count < 12; count += 1) await call('create_message', fields);
    expect(await call('list_messages', { thread_id, verbose: true })).toMatchObject({
      has_more: true,
      next: expect.stringMatching(/^Call list_messages with \{"thread_id":/u),
    });
  });
});

const version = 'io.modelcontextprotocol/protocolVersion';
const long = 'x'.repeat(1025);

test.each([
  ['id', { id: long, method: 'tools/list' }],
  ['method', { id: 1, method: long }],
  ['params.name', { id: 1, method: 'tools/call', params: { name: long, arguments: {} } }],
  [
    'params._meta.progressToken',
    { id: 1, method: 'tools/list', params: { _meta: { progressToken: long } } },
  ],
  [
    `params._meta['${version}']`,
    { id: 1, method: 'tools/list', params: { _meta: { [version]: long } } },
  ],
])('the field %s is refused if it is too long to be repeated', async (field, message) => {
  const served = await startServe();
  for (const headers of [
    {},
    { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/list' },
  ]) {
    const response = await fetch(`${served.url}/mcp`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...headers,
      },
      body: JSON.stringify({ jsonrpc: '2.0', ...message }),
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      jsonrpc: '2.0',
      id: field === 'id' ? null : 1,
      error: {
        code: -32600,
        message: `The field ${field} is longer than 1024 characters. Send a shorter one.`,
      },
    });
  }
});

test('a request of 180 kB whose faults would fill a response of 20 MB is refused', async () => {
  const served = await startServe();
  const clientInfo = { ...info, icons: Array.from({ length: 90_000 }, () => 1) };
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo };
  const response = await fetch(`${served.url}/mcp`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params }),
  });
  expect([response.status, await response.json()]).toMatchObject([
    400,
    { id: 1, error: { message: expect.stringContaining('more than 500 values') } },
  ]);
});
