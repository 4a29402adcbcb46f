import { createServer } from 'node:http';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { main } from '../../src/cli/main.ts';

function start(argv: readonly string[], env: Record<string, string> = {}) {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const { promise: interrupted, resolve: interrupt } = Promise.withResolvers<void>();
  const ended = main({
    argv: ['serve', '--database', ':memory:', ...argv],
    env: { ASSISTANTS_MODEL_API: 'scripted', ...env },
    platform: 'linux',
    home: '/nowhere',
    stdin,
    stdout,
    stderr,
    command: ['node', 'cli.js'],
    interrupted,
    onHangup: () => {},
    refuseClient: () => Promise.resolve(),
    onCrash: () => {},
    onWarning: () => {},
  }).finally(() => stderr.end());
  return { stderr, interrupt, ended };
}

const listening = z.looseObject({
  message: z.literal('listening'),
  rest: z.url(),
  mcp: z.url(),
});

test.each([
  ['127.0.0.1', /^http:\/\/127\.0\.0\.1:\d+\/v1$/u],
  ['::1', /^http:\/\/\[::1\]:\d+\/v1$/u],
  ['localhost', /^http:\/\/.+:\d+\/v1$/u],
])('serve logs its URL on %s and exits with 0 when interrupted', async (host, address) => {
  const { stderr, interrupt, ended } = start(['--host', host, '--port', '0']);
  const line = await new Promise((resolve) => stderr.once('data', resolve));
  const { rest, mcp } = listening.parse(JSON.parse(String(line)));
  expect(rest).toMatch(address);
  expect(mcp).toBe(rest.replace(/v1$/u, 'mcp'));
  expect((await fetch(`${rest}/assistants`)).status).toBe(200);
  interrupt();
  expect(await ended).toBe(0);
});

test('serve listens on all addresses when a token is set', async () => {
  const env = { ASSISTANTS_TOKEN: 'let-me-in-0123456789' };
  const { stderr, interrupt, ended } = start(['--host', '0.0.0.0', '--port', '0'], env);
  const line = await new Promise((resolve) => stderr.once('data', resolve));
  const { rest } = listening.parse(JSON.parse(String(line)));
  const url = rest.replace('0.0.0.0', '127.0.0.1');
  expect((await fetch(`${url}/assistants`)).status).toBe(401);
  const headers = { authorization: 'Bearer let-me-in-0123456789' };
  expect((await fetch(`${url}/assistants`, { headers })).status).toBe(200);
  interrupt();
  expect(await ended).toBe(0);
});

test('serve exits with 2 when other machines could reach it without a token', async () => {
  const { stderr, ended } = start(['--host', '0.0.0.0']);
  expect(await ended).toBe(2);
  expect(await text(stderr)).toBe(
    'serve requires ASSISTANTS_TOKEN on 0.0.0.0, which other machines can reach.\n',
  );
});

const shortToken =
  'ASSISTANTS_TOKEN is shorter than 16 characters and can be guessed. Make a longer one, for example with: openssl rand -hex 32';

test('serve exits with 2 when other machines could reach it with a short token', async () => {
  const env = { ASSISTANTS_TOKEN: 'let-me-in-01234' };
  const { stderr, ended } = start(['--host', '0.0.0.0'], env);
  expect(await ended).toBe(2);
  expect(await text(stderr)).toBe(`${shortToken}\n`);
});

test('serve warns of a short token that only this machine can use', async () => {
  const env = { ASSISTANTS_TOKEN: 'let-me-in-01234' };
  const { stderr, interrupt, ended } = start(['--port', '0'], env);
  const line = await new Promise((resolve) => stderr.once('data', resolve));
  expect(JSON.parse(String(line))).toMatchObject({ level: 'warn', message: shortToken });
  interrupt();
  expect(await ended).toBe(0);
});

test('serve exits with 1 and an error when the port is in use', async () => {
  const other = createServer();
  onTestFinished(() => void other.close());
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = z.object({ port: z.number() }).parse(other.address());
  const { stderr, ended } = start(['--port', String(port)]);
  expect(await ended).toBe(1);
  expect(await text(stderr)).toContain(
    `"message":"Cannot listen on 127.0.0.1 port ${port}: the port is in use; choose another --port."`,
  );
});

test('serve exits with 1 and an error when the machine does not have the address', async () => {
  const env = { ASSISTANTS_TOKEN: 'let-me-in-0123456789' };
  const { stderr, ended } = start(['--host', '192.0.2.1'], env);
  expect(await ended).toBe(1);
  expect(await text(stderr)).toContain(
    'Cannot listen on 192.0.2.1 port 8080: this machine does not have',
  );
});

test('serve exits with 1 and an error when the database cannot be opened', async () => {
  const { stderr, ended } = start(['--database', '/dev/null/a.db']);
  expect(await ended).toBe(1);
  expect(await text(stderr)).toContain('"message":"Cannot open the database /dev/null/a.db');
});
