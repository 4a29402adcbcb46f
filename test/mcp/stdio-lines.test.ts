import { expect, onTestFinished, test } from 'vitest';
import { createRoundCodec } from '../../src/mcp/person.ts';
import { createServer } from '../../src/mcp/server.ts';
import { connectStdio } from '../../src/mcp/stdio.ts';
import { allTools, findTool } from '../../src/tools/registry.ts';
import { toListing } from '../../src/tools/tool-listing.ts';
import { createFakeServer } from '../support/fake-assistants-server.ts';
import { createWaitingClock } from '../support/mcp.ts';
import { createPipes } from '../support/pipes.ts';

const mebibyte = 2 ** 20;
const maxBytes = 10 * mebibyte;
const tooLarge = 'The message is larger than 10 MiB, the limit of one line. Send a smaller one.';

/** A server over pipes, to which a test writes bytes. */
function start() {
  const log = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} };
  const { stdin, stdout } = createPipes();
  const server = createFakeServer({
    [`GET /threads/${encodeURIComponent('grüße😀')}`]: { id: 'grüße😀' },
  });
  const factory = () =>
    createServer({
      openai: async () => server.openai,
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
  const connection = connectStdio(factory, { stdin, stdout, log });
  onTestFinished(() => connection.close());
  let output = '';
  stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const messages = (): Record<string, unknown>[] =>
    output
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  const send = (message: unknown) => void stdin.write(`${JSON.stringify(message)}\n`);
  send({
    jsonrpc: '2.0',
    id: 'init',
    method: 'initialize',
    params: {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'test', version: '1' },
    },
  });
  /** Resolves to the messages without those of the handshake once all with the ids have come. */
  const answers = async (...ids: unknown[]) => {
    send({ jsonrpc: '2.0', id: 'last', method: 'ping' });
    const expected = new Set(['last', ...ids]);
    while (messages().filter(({ id }) => expected.has(id)).length < expected.size) {
      await new Promise((resolve) => stdout.once('data', resolve));
    }
    const handshake = new Set<unknown>(['init', 'last']);
    return messages().filter(({ id }) => !handshake.has(id));
  };
  return { stdin, send, answers };
}

const tooManyValues = 'The message has more than 100000 values. Split it into several calls.';
const tooMuchJson =
  'The message has more than 8 MiB of JSON besides its long texts. Split it into several calls.';

const error = (code: number, message: unknown, id: unknown = null) => ({
  jsonrpc: '2.0',
  id,
  error: { code, message },
});

const notJson = error(-32700, 'The line is not valid JSON. Send one JSON-RPC message per line.');
const notRpc = (id: unknown) =>
  error(-32600, 'The message is not a JSON-RPC 2.0 request, notification or response.', id);

test.each([
  ['no JSON', 'nonsense', notJson],
  ['half a message', '{"jsonrpc":"2.0","id":7,"method":"pi', notJson],
  ['two messages', '{"jsonrpc":"2.0"}{"jsonrpc":"2.0"}', notJson],
  ['null', 'null', notRpc(null)],
  ['a number', '7', notRpc(null)],
  ['a method and a result', '{"jsonrpc":"2.0","id":7,"method":"ping","result":{}}', notRpc(7)],
  [
    'a batch',
    '[{"jsonrpc":"2.0","id":7,"method":"ping"}]',
    error(-32600, 'Batches are not supported. Send one JSON-RPC message per line.'),
  ],
  [
    'deep nesting',
    '['.repeat(200_000),
    error(-32600, 'The message is nested more than 1000 levels deep.'),
  ],
  [
    '1,390,000 values',
    `{"jsonrpc":"2.0","id":7,"method":"ping","params":{"a":[${'{},'.repeat(1_390_000)}{}]}}`,
    error(-32600, tooManyValues, 7),
  ],
  [
    '9 MiB of spaces',
    `{"jsonrpc":"2.0","id":7,${' '.repeat(9 * mebibyte)}"method":"ping"}`,
    error(-32600, tooMuchJson, 7),
  ],
])('a line with %s gets an error, and the server goes on', async (_, line, expected) => {
  const { stdin, answers } = start();
  stdin.write(`${line}\n`);
  expect(await answers()).toEqual([expected]);
});

test('a line that is not UTF-8 gets an error, and the server goes on', async () => {
  const { stdin, answers } = start();
  stdin.write(Buffer.from('{"jsonrpc":"2.0","id":1,"method":"\xff"}\n', 'latin1'));
  expect(await answers()).toEqual([error(-32700, 'The line is not valid UTF-8.')]);
});

test('empty lines and invalid responses get no answer', async () => {
  const { stdin, answers } = start();
  stdin.write(
    '\n\r\n  \n{"jsonrpc":"2.0","id":7,"result":3}\n{"jsonrpc":"2.0","id":7,"error":3}\n',
  );
  expect(await answers()).toEqual([]);
});

test('a byte order mark at the start of a line is skipped', async () => {
  const { stdin, answers } = start();
  stdin.write('\ufeff{"jsonrpc":"2.0","id":7,"method":"ping"}\r\n\ufeff\n');
  expect(await answers()).toEqual([{ jsonrpc: '2.0', id: 7, result: {} }]);
});

test('the last line may lack its end', async () => {
  const { stdin, answers } = start();
  const ping = '{"jsonrpc":"2.0","id":7,"method":"ping"}';
  const answered = answers(7);
  stdin.end(ping);
  expect(await answered).toEqual([{ jsonrpc: '2.0', id: 7, result: {} }]);
});

const padding = 'x'.repeat(12 * mebibyte);
const params = { name: 'get_thread', arguments: { thread_id: padding, id: 99 } };

test.each<[string, unknown, unknown]>([
  ['at the start', { jsonrpc: '2.0', id: 7, method: 'tools/call', params }, 7],
  ['after the method', { method: 'tools/call', id: 'seven', jsonrpc: '2.0', params }, 'seven'],
  ['at the end', { method: 'tools/call', params, jsonrpc: '2.0', id: 0 }, 0],
  ['before the version', { params, id: -7, jsonrpc: '2.0', method: 'tools/call' }, -7],
  ['nowhere', { jsonrpc: '2.0', method: 'tools/call', params }, null],
  ['in the arguments alone', { params, jsonrpc: '2.0', method: 'tools/call' }, null],
  ['in a list alone', [{ padding, id: 7 }], null],
  ['between two long members', { params, id: 7, other: padding }, null],
])('a line of 12 MiB with its id %s gets an error', async (_, message, id) => {
  const { send, answers } = start();
  send(message);
  expect(await answers()).toEqual([error(-32600, tooLarge, id)]);
});

test('a line of 12 MiB with a number that is no JSON gets an error without an id', async () => {
  const { stdin, answers } = start();
  stdin.write(`{"jsonrpc":"2.0","id":007,"padding":"${padding}"}\n`);
  expect(await answers()).toEqual([error(-32600, tooLarge)]);
});

const pingOf = (bytes: number): string =>
  `${'{"jsonrpc":"2.0","id":7,"method":"ping","params":{"a":"'.padEnd(bytes - 3, 'x')}"}}\n`;

test('a line may be exactly as long as the limit', async () => {
  const { stdin, answers } = start();
  stdin.write(pingOf(maxBytes));
  stdin.write(pingOf(maxBytes + 1));
  expect(await answers()).toEqual([
    { jsonrpc: '2.0', id: 7, result: {} },
    error(-32600, tooLarge, 7),
  ]);
});

test('lines that are longer than the limit together are all read', async () => {
  const { stdin, answers } = start();
  const pings = ['a', 'b', 'c'].map((id) =>
    `{"jsonrpc":"2.0","id":"${id}","method":"ping"}`.padEnd(6 * mebibyte),
  );
  stdin.write(`${pings.join('\n')}\n`);
  expect(await answers()).toMatchObject([{ id: 'a' }, { id: 'b' }, { id: 'c' }]);
});

test.each([1, 2, 3, 7])(
  'a message in chunks of %i bytes, with CRLF and split characters, is read',
  async (size) => {
    const { stdin, answers } = start();
    const args = { name: 'get_thread', arguments: { thread_id: 'grüße😀' } };
    const call = { jsonrpc: '2.0', id: 7, method: 'tools/call', params: args };
    const bytes = Buffer.from(`${JSON.stringify(call)}\r\n`);
    for (let at = 0; at < bytes.length; at += size) stdin.write(bytes.subarray(at, at + size));
    expect(await answers(7)).toMatchObject([
      { id: 7, result: { structuredContent: { id: 'grüße😀' } } },
    ]);
  },
);

const long = 'x'.repeat(1025);
const sentence = (field: string) =>
  `The field ${field} is longer than 1024 characters. Send a shorter one.`;

test('a field that an answer would repeat is refused if it is too long', async () => {
  const { send, answers } = start();
  send({ jsonrpc: '2.0', id: long, method: 'ping' });
  send({ jsonrpc: '2.0', id: 1, method: long });
  send({ jsonrpc: '2.0', method: long });
  send({ jsonrpc: '2.0', id: long, result: {} });
  send({ jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: long } });
  const meta = { progressToken: long };
  send({ jsonrpc: '2.0', id: 3, method: 'tools/call', params: { name: 'a', _meta: meta } });
  expect(await answers()).toEqual([
    error(-32600, sentence('id')),
    error(-32600, sentence('method'), 1),
    error(-32600, sentence('params.name'), 2),
    error(-32600, sentence('params._meta.progressToken'), 3),
  ]);
});

const tooMany = "The message has more than 500 values outside of a tool's arguments. Send fewer.";

test('a message whose faults would fill a long answer is refused', async () => {
  const { send, answers } = start();
  const icons = Array.from({ length: 90_000 }, () => 1);
  send({ jsonrpc: '2.0', id: 1, method: 'initialize', params: { clientInfo: { icons } } });
  const meta = Object.fromEntries(Array.from({ length: 501 }, (_, index) => [index, {}]));
  send({ jsonrpc: '2.0', id: 2, method: 'tools/list', params: { _meta: meta } });
  send({ jsonrpc: '2.0', method: 'notifications/progress', params: { icons } });
  expect(await answers()).toEqual([error(-32600, tooMany, 1), error(-32600, tooMany, 2)]);
});

test('the arguments of a tool may have more values', async () => {
  const { send, answers } = start();
  const args = { messages: Array.from({ length: 600 }, () => ({})) };
  const create = { name: 'create_thread', arguments: args };
  send({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: create });
  expect(await answers(1)).toMatchObject([{ id: 1, result: { isError: true } }]);
});

test('an id of 1,024 characters is answered', async () => {
  const { send, answers } = start();
  const id = long.slice(1);
  send({ jsonrpc: '2.0', id, method: 'ping' });
  expect(await answers(id)).toEqual([{ jsonrpc: '2.0', id, result: {} }]);
});
