import { once } from 'node:events';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createHttpHandler } from '../../src/mcp/http.ts';
import { createRoundCodec } from '../../src/mcp/person.ts';
import { createServer } from '../../src/mcp/server.ts';
import { connectStdio } from '../../src/mcp/stdio.ts';
import { JsonRequest } from '../../src/shared/json-request.ts';
import { allTools, findTool } from '../../src/tools/registry.ts';
import { toListing } from '../../src/tools/tool-listing.ts';
import { createFakeServer } from '../support/fake-assistants-server.ts';
import { createWaitingClock } from '../support/mcp.ts';
import { createPipes } from '../support/pipes.ts';

const log = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} };

function createFactory() {
  const { openai, requestLines } = createFakeServer({
    'GET /threads': { object: 'list', data: [] },
    'GET /threads/thread_a': { id: 'thread_a' },
  });
  const factory = () =>
    createServer({
      openai: async () => openai,
      listings: allTools.map(toListing),
      load: async (name) => findTool(name),
      log,
      clock: createWaitingClock(),
      closing: new AbortController().signal,
      version: '1.2.3',
      secrets: [],
      personFunctions: [],
      roundCodec: createRoundCodec(null),
      tasks: null,
      app: null,
    });
  return { factory, requestLines };
}

type Send = (message: object) => Promise<string>;

/** Sends one message over stdio, after the handshake, and resolves to the answer. */
const sendOverStdio =
  (factory: ReturnType<typeof createFactory>['factory']): Send =>
  async (message) => {
    const { stdin, stdout } = createPipes();
    const connection = connectStdio(factory, { stdin, stdout, log });
    onTestFinished(() => connection.close());
    const exchange = async (sent: object) => {
      stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...sent })}\n`);
      const [answer] = await once(stdout.setEncoding('utf8'), 'data');
      return String(answer);
    };
    const clientInfo = { name: 'test', version: '1' };
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo };
    await exchange({ id: 0, method: 'initialize', params });
    return exchange(message);
  };

const sendOverHttp =
  (factory: ReturnType<typeof createFactory>['factory']): Send =>
  async (message) => {
    const headers = {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    };
    const body = JSON.stringify({ jsonrpc: '2.0', ...message });
    const init = { method: 'POST', headers };
    const handler = createHttpHandler(factory, log);
    const response = await handler.fetch(new JsonRequest('http://127.0.0.1/mcp', init, body));
    return response.text();
  };

const transports = { stdio: sendOverStdio, http: sendOverHttp };
const list = 'GET /threads';
const get = 'GET /threads/thread_a';

test.each(
  (['stdio', 'http'] as const).flatMap((transport) =>
    [
      ['list_threads', null, list],
      ['list_threads', undefined, list],
      ['list_threads', [], list],
      ['list_threads', '', list],
      ['list_threads', 'null', list],
      ['list_threads', '{}', list],
      ['get_thread', '{"thread_id":"thread_a"}', get],
    ].map(([name, args, line]) => [transport, name, args, line] as const),
  ),
)('over %s, %s takes the arguments %j', async (transport, name, args, line) => {
  const { factory, requestLines } = createFactory();
  const params = { name, arguments: args };
  const answer = await transports[transport](factory)({ id: 1, method: 'tools/call', params });
  expect(answer).toContain('"structuredContent"');
  expect(requestLines).toEqual([line]);
});

/** What clients send in the place of parameters that are absent. */
const nothings = [
  null,
  [],
  { cursor: null },
  { _meta: null },
  { _meta: [] },
  { _meta: { progressToken: null, traceparent: null } },
];

describe.each(['stdio', 'http'] as const)('over %s', (transport) => {
  test.each(nothings)('tools/list takes the parameters %j', async (params) => {
    const { factory } = createFactory();
    const message = { id: 1, method: 'tools/list', params };
    expect(await transports[transport](factory)(message)).toContain('"create_thread_and_run"');
  });

  test('a call may have null for everything that it does not need', async () => {
    const { factory, requestLines } = createFactory();
    const meta = { progressToken: null };
    const unset = { task: null, inputResponses: null, requestState: null, _meta: meta };
    const params = { name: 'get_thread', arguments: { thread_id: 'thread_a' }, ...unset };
    const message = { id: 1, method: 'tools/call', params, result: null, error: null };
    const answer = await transports[transport](factory)(message);
    expect(answer).toContain('"structuredContent"');
    expect(requestLines).toEqual([get]);
  });

  test.each([
    undefined,
    null,
    [],
    {},
    { protocolVersion: 1, capabilities: null, clientInfo: null },
    { protocolVersion: '2025-11-25', capabilities: [], clientInfo: 'cursor' },
    { capabilities: { roots: null, sampling: true, tasks: true }, clientInfo: { name: 'a' } },
    { capabilities: { elicitation: true, experimental: [], extensions: 7 }, clientInfo: [] },
    { clientInfo: { name: 'a', version: 1.2, title: null, icons: [1], websiteUrl: '' } },
  ])('initialize takes the parameters %j', async (params) => {
    const { factory } = createFactory();
    const message = { id: 1, method: 'initialize', params };
    const answer = await transports[transport](factory)(message);
    expect(answer).toContain('"protocolVersion":"2025-11-25"');
  });
});

test.each(['stdio', 'http'] as const)(
  'over %s, other arguments are still refused',
  async (transport) => {
    const { factory, requestLines } = createFactory();
    for (const args of ['thread_a', 7, ['thread_a'], true]) {
      const params = { name: 'get_thread', arguments: args };
      const answer = await transports[transport](factory)({ id: 1, method: 'tools/call', params });
      expect(answer).toMatch(/"error":|"isError":true/u);
    }
    expect(requestLines).toEqual([]);
  },
);

const modern = (clientCapabilities: unknown) => ({
  _meta: {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': null,
    'io.modelcontextprotocol/clientCapabilities': clientCapabilities,
  },
});

test.each([null, [], { sampling: [], roots: null, elicitation: { form: null } }])(
  'in protocol 2026-07-28, a client may write its capabilities as %j',
  async (capabilities) => {
    const { factory } = createFactory();
    const { stdin, stdout } = createPipes();
    const connection = connectStdio(factory, { stdin, stdout, log });
    onTestFinished(() => connection.close());
    const message = { jsonrpc: '2.0', id: 1, method: 'tools/list', params: modern(capabilities) };
    stdin.write(`${JSON.stringify(message)}\n`);
    const [answer] = await once(stdout.setEncoding('utf8'), 'data');
    expect(answer).toContain('"create_thread_and_run"');
  },
);

test('a notification may have the id null, and gets no answer', async () => {
  const { factory } = createFactory();
  const message = { id: null, method: 'notifications/initialized' };
  expect(await sendOverHttp(factory)(message)).toBe('');
});

test.each(['stdio', 'http'] as const)(
  'over %s, notifications/initialized may be a request (ruby_llm-mcp#74)',
  async (transport) => {
    const { factory } = createFactory();
    const message = { id: 7, method: 'notifications/initialized' };
    expect(await transports[transport](factory)(message)).toContain('"result":{}');
  },
);

const idKind = 'a string or an integer up to 9007199254740991';
const ping = { id: 7, method: 'ping' };
const withToken = (progressToken: unknown) => ({ ...ping, params: { _meta: { progressToken } } });

const faults: readonly (readonly [message: object, sentence: string])[] = [
  [{ ...ping, jsonrpc: undefined }, 'jsonrpc must be "2.0"'],
  [{ ...ping, jsonrpc: 2 }, 'jsonrpc must be "2.0"'],
  [{ id: 7 }, 'method must be a string'],
  [{ id: 7, method: 1 }, 'method must be a string'],
  ...[{}, null, true, 1.5, 2 ** 53].map(
    (id) => [{ id, method: 'ping' }, `id must be ${idKind}`] as const,
  ),
  [{ ...ping, params: 'x' }, 'params must be an object'],
  [{ ...ping, params: [1] }, 'params must be an object'],
  [{ ...ping, params: { _meta: 'x' } }, 'params._meta must be an object'],
  ...[{}, true, 1.5].map(
    (token) => [withToken(token), `params._meta.progressToken must be ${idKind}`] as const,
  ),
  [
    { id: 7, method: 'tools/list', params: { cursor: 7 } },
    'params.cursor is invalid: expected string, received number',
  ],
  [{ id: 7, method: 'tools/call' }, 'params is missing'],
  [{ id: 7, method: 'tools/call', params: {} }, 'params.name is missing'],
  [
    { id: 7, method: 'tools/call', params: { name: 'get_thread', task: 7 } },
    'params.task is invalid: expected object, received number',
  ],
];

test.each(
  (['stdio', 'http'] as const).flatMap((transport) =>
    faults.map(([message, sentence]) => [transport, message, sentence] as const),
  ),
)('over %s, the error for %j names the field', async (transport, message, sentence) => {
  const { factory } = createFactory();
  const answer = await transports[transport](factory)(message);
  expect(answer).toContain(`"message":${JSON.stringify(`The field ${sentence}.`)}`);
});
