import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { refuseClient } from '../../src/cli/refuse-client.ts';

/** Refuses a client whose timer the test controls. */
function refuse(stdin = new PassThrough()) {
  const stdout = new PassThrough();
  const timers: (() => void)[] = [];
  const startTimer = (onTimeout: () => void) => timers.push(onTimeout);
  const ended = refuseClient({ stdin, stdout, startTimer }, 'It cannot start.').then(async () => {
    stdout.end();
    const lines = (await text(stdout)).split('\n').slice(0, -1);
    return lines.map((line): unknown => JSON.parse(line));
  });
  return { stdin, ended, timeOut: () => timers[0]?.() };
}

const message = (fields: object) => JSON.stringify({ jsonrpc: '2.0', ...fields });
const initialize = message({ id: 1, method: 'initialize', params: {} });
const answer = (id: unknown) => ({
  jsonrpc: '2.0',
  id,
  error: { code: -32_603, message: 'It cannot start.' },
});

test('answers initialize, however its bytes arrive, and ends', async () => {
  const { stdin, ended } = refuse();
  const bytes = Buffer.from(`\ufeff${message({ id: 'ä', method: 'initialize' })}\r\n`);
  for (const byte of bytes) stdin.write(Buffer.from([byte]));
  expect(await ended).toEqual([answer('ä')]);
});

test('answers requests before initialize, and no other message', async () => {
  const { stdin, ended } = refuse();
  const lines = [
    'no JSON',
    'null',
    '[]',
    message({ method: 'notifications/initialized' }),
    message({ id: null, method: 'ping' }),
    message({ id: 5, result: {} }),
    message({ id: 0, method: 'server/discover' }),
    initialize,
    message({ id: 2, method: 'tools/list' }),
  ];
  stdin.write(`${lines.join('\n')}\n`);
  expect(await ended).toEqual([answer(0), answer(1), answer(2)]);
});

test('answers a last line without an end', async () => {
  const { stdin, ended } = refuse();
  stdin.end(message({ id: 3, method: 'server/discover' }));
  expect(await ended).toEqual([answer(3)]);
});

test.each([
  ['the client asks nothing in time', ({ timeOut }: ReturnType<typeof refuse>) => timeOut()],
  ['the client disconnects', ({ stdin }: ReturnType<typeof refuse>) => void stdin.end()],
  ['stdin fails', ({ stdin }: ReturnType<typeof refuse>) => void stdin.destroy(new Error('EIO'))],
  [
    'a line never ends',
    ({ stdin }: ReturnType<typeof refuse>) => void stdin.write('x'.repeat(2 ** 20 + 1)),
  ],
])('ends without an answer when %s', async (_, happen) => {
  const refused = refuse();
  happen(refused);
  expect(await refused.ended).toEqual([]);
});

test('ends at once when stdin is a terminal', async () => {
  const { ended } = refuse(Object.assign(new PassThrough(), { isTTY: true }));
  expect(await ended).toEqual([]);
});
