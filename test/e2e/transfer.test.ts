import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { assistant, question, thread } from '../support/examples.ts';
import { toLines } from '../support/transfer.ts';
import { cleanEnv, script, temporaryFolder } from './server.ts';

const shell = (folder: string, command: string) =>
  spawnSync(
    'sh',
    ['-c', command.replaceAll('assistants-mcp', `"${process.execPath}" "${script}"`)],
    {
      cwd: folder,
      env: cleanEnv(folder),
      encoding: 'utf8',
    },
  );

test('copies a database through a pipe from export to import', () => {
  const folder = temporaryFolder();
  const messages = Array.from({ length: 3000 }, (_, index) => ({
    ...question,
    id: `msg_${index}`,
  }));
  writeFileSync(join(folder, 'in.jsonl'), toLines([assistant, thread, ...messages]));
  const first = shell(folder, 'assistants-mcp import in.jsonl --database a.db');
  expect([first.status, first.stdout, first.stderr]).toEqual([
    0,
    '',
    'Imported 1 assistant, 1 thread and 3000 messages from in.jsonl.\n',
  ]);
  const copied = shell(
    folder,
    'assistants-mcp export --database a.db | assistants-mcp import - --database b.db',
  );
  expect([copied.status, copied.stdout]).toEqual([0, '']);
  const compared = shell(
    folder,
    'assistants-mcp export --database a.db --output a.jsonl && assistants-mcp export --database b.db > b.jsonl && cmp a.jsonl b.jsonl',
  );
  expect([compared.status, compared.stdout]).toEqual([0, '']);
});

test('export and prune take files with --files', () => {
  const folder = temporaryFolder();
  const file = { object: 'file', id: 'file-a', bytes: 1, created_at: 1, filename: 'a.txt' };
  const content = { object: 'file.content', file_id: 'file-a', position: 0, data: 'eA==' };
  const lines = toLines([{ ...file, purpose: 'assistants' }, content]);
  writeFileSync(join(folder, 'in.jsonl'), lines);
  const outputOf = (command: string) => {
    const { stdout, stderr } = shell(folder, `assistants-mcp ${command}`);
    return stdout + stderr;
  };
  expect(outputOf('import in.jsonl')).toBe('Imported 1 file from in.jsonl.\n');
  expect(outputOf('export')).toBe('Exported 0 objects.\n');
  expect(outputOf('export --files')).toContain('"data":"eA=="');
  const prune = 'prune --older-than 1d';
  expect(outputOf(prune)).toBe('Deleted nothing.\n');
  expect(outputOf(`${prune} --files --dry-run`)).toBe('Would delete 1 file.\n');
  expect(outputOf(`${prune} --files`)).toBe('Deleted 1 file.\n');
  expect(outputOf('export --files')).toBe('Exported 0 objects.\n');
});

test('export exits silently when the reader of its output stops early', () => {
  const folder = temporaryFolder();
  const messages = Array.from({ length: 3000 }, (_, index) => ({
    ...question,
    id: `msg_${index}`,
  }));
  writeFileSync(join(folder, 'in.jsonl'), toLines([thread, ...messages]));
  const { status, stdout, stderr } = shell(
    folder,
    'assistants-mcp import in.jsonl 2>/dev/null && assistants-mcp export | head -n 1',
  );
  expect([status, stdout, stderr]).toEqual([0, toLines([thread]), '']);
});

test('import prints why a file is invalid to stderr, with exit code 1', () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'in.jsonl'), toLines([thread, { ...question, role: 'robot' }]));
  const { status, stdout, stderr } = shell(folder, 'assistants-mcp import in.jsonl');
  expect([status, stdout, stderr]).toEqual([
    1,
    '',
    "in.jsonl:2: role: Invalid value: 'robot'. Supported values are: 'user' and 'assistant'.\nNothing of it was imported.\n",
  ]);
});
