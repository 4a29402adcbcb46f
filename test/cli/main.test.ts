import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import type { Host } from '../../src/cli/host.ts';
import { main } from '../../src/cli/main.ts';
import { refuseClient } from '../../src/cli/refuse-client.ts';
import { temporary } from '../support/temporary-files.ts';

/** Runs the program with a fake process, whose output can be read once the program has ended. */
function setup(argv: readonly string[], env: Host['env'] = {}) {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const { promise: interrupted, resolve: interrupt } = Promise.withResolvers<void>();
  const reports: { crash: (error: unknown) => void; warning: (warning: Error) => void } = {
    crash: () => {},
    warning: () => {},
  };
  const host: Host = {
    argv: ['--database', ':memory:', ...argv],
    env,
    platform: 'linux',
    home: '/nowhere',
    stdin,
    stdout,
    stderr,
    command: ['node', 'cli.js'],
    refuseClient: (sentence) => refuseClient({ stdin, stdout, startTimer: () => {} }, sentence),
    interrupted,
    onHangup: () => {},
    onCrash: (report) => void (reports.crash = report),
    onWarning: (report) => void (reports.warning = report),
  };
  const ended = main(host).finally(() => {
    stdout.end();
    stderr.end();
  });
  return { host, stdin, stdout, stderr, interrupt, reports, ended };
}

const request = (id: number, method: string, params: object = {}) =>
  `${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`;

const initialize = request(1, 'initialize', {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: { name: 'test', version: '1' },
});

const nextLine = (stream: PassThrough) =>
  new Promise<string>((done) => {
    stream.once('data', (chunk: Buffer) => done(chunk.toString()));
  });

test('prints the version and the help to stdout, with exit code 0', async () => {
  const [version, help] = [setup(['--version']), setup(['help'])];
  expect([await version.ended, await help.ended]).toEqual([0, 0]);
  expect(await text(version.stdout)).toBe(`${manifest.version}\n`);
  expect(await text(help.stdout)).toContain('--run-lifetime SECONDS');
});

test('prints the help of a command to stdout, with exit code 0', async () => {
  const { stdout, ended } = setup(['prune', '--help']);
  expect(await ended).toBe(0);
  const help = await text(stdout);
  expect(help).toContain('--older-than TIME');
  expect(help).not.toContain('--run-lifetime');
});

test('prints all configuration errors to stderr, with exit code 2', async () => {
  const { stdin, stdout, stderr, ended } = setup(['--bogus'], { ASSISTANTS_CONCURRENCY: '0' });
  stdin.end();
  expect(await ended).toBe(2);
  expect(await text(stdout)).toBe('');
  expect(await text(stderr)).toBe(
    "Unknown option '--bogus'.\nASSISTANTS_CONCURRENCY: '0' is not a whole number from 1 to 1000.\n",
  );
});

test('tells configuration errors to a client that initializes, and to no other command', async () => {
  const { stdin, stdout, ended } = setup(['--bogus'], { ASSISTANTS_CONCURRENCY: '0' });
  stdin.write(initialize);
  expect(await ended).toBe(2);
  expect(JSON.parse(await text(stdout))).toEqual({
    jsonrpc: '2.0',
    id: 1,
    error: {
      code: -32_603,
      message:
        "Unknown option '--bogus'. ASSISTANTS_CONCURRENCY: '0' is not a whole number from 1 to 1000.",
    },
  });
  const serve = setup(['serve', '--bogus']);
  serve.stdin.write(initialize);
  expect(await serve.ended).toBe(2);
  expect(await text(serve.stdout)).toBe('');
});

test('ends on a signal while it waits for a client to tell', async () => {
  const { interrupt, ended } = setup(['--bogus']);
  interrupt();
  expect(await ended).toBe(2);
});

test('tells a client that the database cannot be used, with exit code 1', async () => {
  const file = temporary('notes.txt');
  writeFileSync(file, 'Dear diary,\n'.repeat(1000));
  const { stdin, stdout, stderr, ended } = setup(['--database', file]);
  stdin.write(request(7, 'server/discover'));
  stdin.write(initialize);
  expect(await ended).toBe(1);
  const message = `The file ${file} is not a database; choose another file.`;
  const answers = (await text(stdout)).trim().split('\n');
  expect(answers.map((line): unknown => JSON.parse(line))).toMatchObject([
    { id: 7, error: { message } },
    { id: 1, error: { message } },
  ]);
  expect(await text(stderr)).toContain(message);
});

test('serves tools on the embedded engine until stdin ends', async () => {
  const { stdin, stdout, ended } = setup(['--model-api', 'scripted']);
  stdin.write(initialize);
  expect(await nextLine(stdout)).toContain('"serverInfo":{"name":"assistants-mcp"');
  stdin.write(request(2, 'tools/call', { name: 'list_assistants', arguments: {} }));
  expect(await nextLine(stdout)).toContain('"structuredContent":{"object":"list","data":[]');
  stdin.end();
  expect(await ended).toBe(0);
});

test('reports a database that cannot be opened in the tool result and in the log', async () => {
  const { stdin, stdout, stderr, ended } = setup(['--database', '/dev/null/a.db']);
  stdin.write(initialize);
  await nextLine(stdout);
  stdin.write(request(2, 'tools/call', { name: 'list_assistants', arguments: {} }));
  expect(await nextLine(stdout)).toMatch(
    /"text":"Cannot open the database \/dev\/null\/a\.db: .*"isError":true/u,
  );
  stdin.end();
  expect(await ended).toBe(0);
  expect(await text(stderr)).toContain(
    '"level":"error","message":"Cannot open the database /dev/null/a.db',
  );
});

test('sends tool calls to the remote server in remote mode', async () => {
  const remote = ['--base-url', 'http://127.0.0.1:9/v1', '--api-version', '1'];
  const { stdin, stdout, stderr, ended } = setup([...remote, '--log-level', 'warn']);
  stdin.write(initialize);
  await nextLine(stdout);
  stdin.write(
    request(2, 'tools/call', { name: 'get_thread', arguments: { thread_id: 'thread_1' } }),
  );
  expect(await nextLine(stdout)).toContain('"isError":true');
  stdin.end();
  expect(await ended).toBe(0);
  expect(await text(stderr)).toContain('--database has no effect while --base-url is set.');
});

test('exits on a signal while the client is connected', async () => {
  const { stdin, stdout, interrupt, ended } = setup([]);
  stdin.write(initialize);
  await nextLine(stdout);
  interrupt();
  expect(await ended).toBe(0);
});

test('explains itself when stdin is a terminal', async () => {
  const { host, interrupt } = setup(['--version']);
  const stderr = new PassThrough();
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  const greeting = nextLine(stderr);
  interrupt();
  expect(await main({ ...host, argv: ['--database', ':memory:'], stdin, stderr })).toBe(0);
  expect(await greeting).toContain('Ctrl-D exits.');
});

test('demo runs this program as its server and prints to stdout', async () => {
  const { host } = setup(['--version']);
  const stdout = new PassThrough();
  const command = [process.execPath, resolve('dist/cli.js')] as const;
  const env = { PATH: process.env['PATH'], ASSISTANTS_DATABASE: '/dev/null/not-used' };
  expect(await main({ ...host, argv: ['demo'], env, command, stdout })).toBe(0);
  stdout.end();
  expect(await text(stdout)).toMatch(/The run completed\.\n$/u);
});

test('import, export and prune print what they did to stderr', async () => {
  const file = temporary('threads.jsonl');
  const database = temporary();
  const thread = { id: 'thread_1', object: 'thread', created_at: 1_700_000_000 };
  writeFileSync(file, `${JSON.stringify(thread)}\n`);
  const imported = setup(['import', file, '--database', database]);
  expect(await imported.ended).toBe(0);
  expect(await text(imported.stderr)).toBe(`Imported 1 thread from ${file}.\n`);
  const exported = setup(['export', '--database', database]);
  expect(await exported.ended).toBe(0);
  const lines = await text(exported.stdout);
  expect(JSON.parse(lines)).toEqual({ ...thread, metadata: {}, tool_resources: {} });
  expect(await text(exported.stderr)).toBe('Exported 1 object.\n');
  const pruned = setup(['prune', '--older-than', '1s', '--database', database]);
  expect(await pruned.ended).toBe(0);
  expect(await text(pruned.stderr)).toBe('Deleted 1 thread.\n');
});

test('logs uncaught errors and warnings of Node.js', async () => {
  const { stdin, stderr, reports, ended } = setup([], { OPENAI_API_KEY: 'sk-test-12345678' });
  reports.crash(new TypeError('key sk-test-12345678'));
  reports.warning(Object.assign(new Error('may change'), { name: 'ExperimentalWarning' }));
  reports.warning(Object.assign(new Error('is old'), { name: 'DeprecationWarning' }));
  stdin.end();
  expect(await ended).toBe(0);
  const log = await text(stderr);
  expect(log).toContain('"message":"uncaught error","error":"TypeError: key [redacted]');
  expect(log).toContain('"level":"warn","message":"is old"');
  expect(log).not.toContain('may change');
});
