import { ambiguousShapes, brokenBodies, malformedShapes } from '../../test/support/smuggling.ts';
import { faultNames } from './model.ts';
import type { SoakServer, SoakStdio } from './programs.ts';

/** Makes one hostile call; `key` is new for each. */
export type HostileInput = (key: string) => Promise<unknown>;

const mebibyte = 2 ** 20;
const spaces = ' '.repeat(50_000);
const message = JSON.stringify({ role: 'user', content: 'x y '.repeat(64_000) });

/** JSON that is too much of something, most of it for `POST /v1/threads`. */
const bodies: readonly (string | Buffer)[] = [
  `{"messages":[${'{},'.repeat(1_390_000)}{}]}`,
  `{"messages":[${'{"role":"user","content":"a"},'.repeat(20_000)}{}]}`,
  `{"messages":[${`${message},`.repeat(19)}${message}]}`,
  `{"metadata":{${Array.from({ length: 50_000 }, (_, index) => `"k${index}":"v"`).join()}}}`,
  `{"${'x'.repeat(mebibyte)}":1}`,
  `{"metadata":{"a":"${'é'.repeat(mebibyte)}"}}`,
  `{"tool_resources":${'['.repeat(100_000)}`,
  `{${' '.repeat(8 * mebibyte)}}`,
  `{"metadata":${'9'.repeat(mebibyte)}}`,
  '{"messages":',
  'nonsense',
  '[]',
  'null',
  Buffer.from('{"metadata":{"a":"\xff\xfe"}}', 'latin1'),
  '{"__proto__":{"a":1}}',
  '{"messages":[{"role":"user","content":"\\ud800"}]}',
];

const paths = [
  `/v1/threads/thread_${encodeURIComponent(spaces.slice(0, 4000))}`,
  '/v1/threads/%00',
  '/v1/threads/..%2f..%2fmodels',
  '/v1/threads?limit=99999999999999999999&order=x&after=%ff',
  `/v1/threads?${'a=b&'.repeat(3000)}`,
];

const rpc = (params: string): string =>
  `{"jsonrpc":"2.0","id":"hostile","method":"tools/call","params":${params}}`;

const calls: readonly (string | Buffer)[] = [
  ...bodies.map((body) => rpc(`{"name":"create_thread","arguments":${String(body)}}`)),
  rpc(`{"name":"get_thread","arguments":{"thread_id":"thread_${spaces}"}}`),
  rpc(`{"name":"${'x'.repeat(mebibyte)}","arguments":{}}`),
  `[${'{},'.repeat(100_000)}{}]`,
  '{"jsonrpc":"2.0","id":{},"method":"ping"}',
];

const lines: readonly (string | Buffer)[] = [
  ...calls,
  ...bodies,
  '{'.repeat(1000),
  Buffer.from('{"jsonrpc":"2.0","id":1,"method":"\xff"}', 'latin1'),
  `{"jsonrpc":"2.0","id":"huge","method":"ping","params":{"a":"${'x'.repeat(11 * mebibyte)}"}}`,
  '{"jsonrpc":"2.0","id":"unknown","result":{}}',
];

/** Hostile calls of `serve`, by the name of their kind. */
export const restInputs = (server: SoakServer, assistant_id: string): HostileInput[] => [
  ...bodies.map((body) => async () => (await server.rest('POST', '/v1/threads', body)).text()),
  ...paths.map((path) => async () => (await server.rest('GET', path)).text()),
  ...[...ambiguousShapes, ...malformedShapes, ...brokenBodies].map(
    ([, bytes]) =>
      () =>
        server.sendRaw(bytes),
  ),
  ...faultNames.map((fault) => async (key: string) => {
    const thread = { messages: [{ role: 'user', content: `key ${fault}-${key}` }] };
    const body = JSON.stringify({ assistant_id, thread, stream: true });
    return (await server.rest('POST', '/v1/threads/runs', body)).text();
  }),
];

export const mcpInputs = (server: SoakServer): HostileInput[] =>
  calls.map((body) => async () => (await server.rest('POST', '/mcp', body)).text());

export const stdioInputs = (stdio: SoakStdio, assistant_id: string): HostileInput[] => [
  ...lines.map((line) => () => stdio.sendLine(String(line).replaceAll('\n', ' '))),
  ...faultNames.map((fault) => (key: string) => {
    const thread = { messages: [{ role: 'user', content: `key ${fault}-${key}` }] };
    return stdio.callTool('create_thread_and_run', { assistant_id, thread });
  }),
];
