import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Client, type VersionNegotiationMode } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { Client as Client2025 } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { describe, expect, test } from 'vitest';
import { openDatabase } from '../../src/engine/store/open.ts';
import { cleanEnv, script, startServer, temporaryFolder } from './server.ts';

interface Start {
  readonly args: readonly string[];
  /** What the client has to show. */
  readonly sentence: string;
}

const oldNode = 'v20.19.0';
const preload = `Object.defineProperty(process,'version',{value:'${oldNode}'});Object.defineProperty(process,'versions',{value:{node:'20.19.0'}})`;

async function newerDatabase(): Promise<string> {
  const file = join(temporaryFolder(), 'newer.db');
  await (await openDatabase(file)).destroy();
  const database = new DatabaseSync(file);
  database.exec("insert into assistants_mcp_migrations values ('9999_from_the_future', '2030')");
  database.close();
  return file;
}

function textFile(): string {
  const file = join(temporaryFolder(), 'notes.txt');
  writeFileSync(file, 'Dear diary,\n'.repeat(1000));
  return file;
}

const starts: readonly [name: string, start: () => Promise<Start>][] = [
  [
    'an old Node',
    async () => ({
      args: ['--import', `data:text/javascript,${encodeURIComponent(preload)}`, script],
      sentence: `assistants-mcp needs Node.js 22.18 or newer; this is ${oldNode}.`,
    }),
  ],
  [
    'an unknown option',
    async () => ({ args: [script, '--bogus'], sentence: "Unknown option '--bogus'." }),
  ],
  [
    'the database of a newer version',
    async () => ({
      args: [script, '--database', await newerDatabase()],
      sentence: 'was written by a newer version of assistants-mcp',
    }),
  ],
  [
    'a database that is a text',
    async () => ({
      args: [script, '--database', textFile()],
      sentence: 'is not a database; choose another file.',
    }),
  ],
  [
    'a database that is a folder',
    async () => ({
      args: [script, '--database', temporaryFolder()],
      sentence: 'it is not a file.',
    }),
  ],
];

const info = { name: 'test', version: '1' };

const connectNew = (mode: VersionNegotiationMode) => (args: readonly string[]) => {
  const options = { command: process.execPath, args: [...args], env: cleanEnv(temporaryFolder()) };
  const transport = new StdioClientTransport({ ...options, stderr: 'ignore' });
  return new Client(info, { versionNegotiation: { mode } }).connect(transport);
};

const clients: readonly [name: string, connect: (args: readonly string[]) => Promise<void>][] = [
  [
    'the SDK of 2025',
    (args) => {
      const env = cleanEnv(temporaryFolder());
      const options = { command: process.execPath, args: [...args], env };
      return new Client2025(info).connect(new OldTransport({ ...options, stderr: 'ignore' }));
    },
  ],
  ['the SDK in protocol 2025', connectNew('legacy')],
  ['the SDK in the protocol that it finds', connectNew('auto')],
];

describe.each(starts)('a start with %s', (_name, start) => {
  test.each(clients)('is explained by the error that %s shows', async (_client, connect) => {
    const { args, sentence } = await start();
    await expect(connect(args)).rejects.toThrow(sentence);
  });
});

test('a start that fails ends when the client disconnects, with the exit code as before', async () => {
  const bad = startServer({ args: ['--bogus'] });
  bad.end();
  expect(await bad.exited).toBe(2);
  expect([bad.stdout(), bad.stderr()]).toEqual(['', "Unknown option '--bogus'.\n"]);
  const database = startServer({ args: ['--database', textFile()] });
  database.end();
  expect(await database.exited).toBe(1);
});

test('server/discover is answered with the error, too', async () => {
  const server = startServer({ args: ['--bogus'] });
  const { error } = await server.request('server/discover');
  expect(error?.message).toBe("Unknown option '--bogus'.");
  server.end();
  expect(await server.exited).toBe(2);
});

test('a start that fails ends when the client has read the error', async () => {
  const server = startServer({ args: ['--bogus'] });
  const { error } = await server.request('initialize', {});
  expect(error).toEqual({ code: -32_603, message: "Unknown option '--bogus'." });
  expect(await server.exited).toBe(2);
});

test('another command does not wait for a client', async () => {
  const server = startServer({ args: ['serve', '--bogus'] });
  expect(await server.exited).toBe(2);
  expect(server.stdout()).toBe('');
});
