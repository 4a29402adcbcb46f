import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import OpenAI from 'openai';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { thread } from '../support/examples.ts';
import { toLines } from '../support/transfer.ts';
import { cleanEnv, script, type Server, startServer, temporaryFolder } from './server.ts';

const listening = z.looseObject({ message: z.literal('listening'), rest: z.string() });

async function clientOf(server: Server): Promise<OpenAI> {
  await server.logged('"listening"');
  const line = server
    .stderr()
    .split('\n')
    .find((text) => text.includes('"listening"'));
  const { rest } = listening.parse(JSON.parse(line ?? ''));
  return new OpenAI({ apiKey: 'sk-any-key', baseURL: rest });
}

const serve = (folder: string, file: string) =>
  startServer({
    args: ['serve', '--port', '0', '--database', file],
    env: { ASSISTANTS_MODEL_API: 'scripted' },
    folder,
  });

interface RunOptions {
  readonly program?: string;
  readonly uid?: number;
}

function run(folder: string, args: readonly string[], { program = script, uid }: RunOptions = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    cwd: folder,
    env: cleanEnv(folder),
    encoding: 'utf8',
    ...(uid !== undefined && { uid, gid: uid }),
  });
  return { status, stdout, stderr };
}

test('a backup of a running server can be served', async () => {
  const folder = temporaryFolder();
  const openai = await clientOf(serve(folder, 'a.db'));
  const { id } = await openai.beta.threads.create({ metadata: { a: '1' } });
  const copied = { status: 0, stdout: '', stderr: 'Backed up a.db to b.db.\n' };
  expect(run(folder, ['backup', 'b.db', '--database', 'a.db'])).toEqual(copied);
  const restored = await clientOf(serve(folder, 'b.db'));
  expect((await restored.beta.threads.retrieve(id)).metadata).toEqual({ a: '1' });
  expect(run(folder, ['backup', 'b.db', '--database', 'a.db'])).toEqual({
    status: 1,
    stdout: '',
    stderr: `The file b.db exists; choose another name, or delete it first.\n`,
  });
});

test('a file: URL is refused, and no file is created', () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'in.jsonl'), '');
  for (const database of ['file:a.db', `file:${folder}/a.db?mode=rwc`, 'file::memory:']) {
    expect(run(folder, ['import', 'in.jsonl', '--database', database])).toEqual({
      status: 2,
      stdout: '',
      stderr: '--database: must be the path of a file, not a file: URL.\n',
    });
  }
  expect(readdirSync(folder)).toEqual(['.cache', 'in.jsonl']);
});

const nobody = 65_534;

/** Whether the tests run as root, and other users can start this Node. */
function canBecomeNobody(): boolean {
  if (process.getuid?.() !== 0) return false;
  return spawnSync(process.execPath, ['--version'], { uid: nobody, gid: nobody }).status === 0;
}

test.skipIf(!canBecomeNobody())('export reads files that its user cannot write', () => {
  const folder = temporaryFolder();
  chmodSync(folder, 0o755);
  cpSync(dirname(script), join(folder, 'dist'), { recursive: true });
  const program = join(folder, 'dist', 'cli.js');
  writeFileSync(join(folder, 'in.jsonl'), toLines([thread]));
  const inputs = [
    { name: 'own-file', directory: 0o777, file: 0o400 },
    { name: 'closed-directory', directory: 0o555, file: 0o644 },
    { name: 'both', directory: 0o555, file: 0o444 },
  ];
  for (const { name, directory, file } of inputs) {
    const database = join(folder, name, 'a.db');
    mkdirSync(dirname(database));
    expect(run(folder, ['import', 'in.jsonl', '--database', database]).status).toBe(0);
    chmodSync(database, file);
    if (name === 'own-file') chownSync(database, nobody, nobody);
    chmodSync(dirname(database), directory);
    expect(run(folder, ['export', '--database', database], { program, uid: nobody })).toEqual({
      status: 0,
      stdout: toLines([thread]),
      stderr: 'Exported 1 object.\n',
    });
  }
});
