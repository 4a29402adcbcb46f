import {
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, onTestFinished, test } from 'vitest';
import { runBackup } from '../../src/cli/commands/backup.ts';
import { backupSqlite } from '../../src/engine/store/sqlite/backup.ts';
import { createThread, readMessages, textOf } from '../support/conversation.ts';
import { setup } from '../support/engine.ts';
import { assistant, question, thread } from '../support/examples.ts';
import { temporary } from '../support/temporary-files.ts';
import { createStore, openTerminal, outcomeOf } from '../support/transfer.ts';

/** A database with these objects, which no process has open. */
async function createDatabase(objects: readonly object[]): Promise<string> {
  const store = createStore();
  await store.importObjects(objects);
  return store.database;
}

/** Runs the command; `file` is in the database's directory. */
async function backUp(
  database: string,
  name = 'copy.db',
  input: Parameters<typeof openTerminal>[0] = {},
) {
  const file = join(dirname(database), name);
  const terminal = openTerminal(input);
  return { file, ...(await outcomeOf(terminal, runBackup(terminal, { database, file }))) };
}

function openRaw(file: string): DatabaseSync {
  const database = new DatabaseSync(file);
  onTestFinished(() => database.close());
  return database;
}

const insertThread = "insert into threads (id, created_at, body) values (?, 1, '{}')";

/** Makes the database larger than one step of a backup. */
function enlarge(database: DatabaseSync): void {
  const insert = database.prepare('insert into threads (id, created_at, body) values (?, 1, ?)');
  database.exec('begin');
  for (let index = 0; index < 4000; index += 1) insert.run(`thread_${index}`, 'x'.repeat(4000));
  database.exec('commit');
}

const countThreads = (file: string) => {
  const { count } = openRaw(file).prepare('select count(*) as count from threads').get() ?? {};
  return Number(count);
};

const bytesOf = (file: string) => readFileSync(file).toString('base64');

describe('backup', () => {
  test('copies a database that a server has open to one private file', async () => {
    const database = temporary();
    const harness = await setup({ database });
    const { id } = await createThread(harness, 'Keep this.');
    const { file, ...outcome } = await backUp(database);
    const stderr = `Backed up ${database} to ${file}.\n`;
    expect(outcome).toEqual({ code: 0, stdout: '', stderr });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(dirname(file)).filter((name) => name.startsWith('copy'))).toEqual([
      'copy.db',
    ]);
    const restored = await setup({ database: file, ids: harness.ids });
    expect((await readMessages(restored, id)).map(textOf)).toEqual(['Keep this.']);
  });

  test('copies one state of a database that others keep writing to, without starting over', async () => {
    const database = await createDatabase([thread]);
    const writer = openRaw(database);
    enlarge(writer);
    const insert = writer.prepare(insertThread);
    const before = countThreads(database);
    const file = `${database}.copy`;
    const copied: number[] = [];
    const onProgress = (progress: { readonly copied: number }) => {
      copied.push(progress.copied);
      insert.run(`thread_late_${copied.length}`);
    };
    await backupSqlite(database, file, { signal: new AbortController().signal, onProgress });
    expect(copied.length).toBeGreaterThan(2);
    expect(copied).toEqual([...new Set(copied)].toSorted((one, other) => one - other));
    expect(countThreads(file)).toBe(before);
    expect(openRaw(file).prepare('pragma integrity_check').all()).toMatchObject([
      { integrity_check: 'ok' },
    ]);
    expect(countThreads(database)).toBe(before + copied.length);
  });

  test('shows its progress on a terminal', async () => {
    const database = await createDatabase([thread]);
    enlarge(openRaw(database));
    const { stderr, file } = await backUp(database, 'copy.db', { isTTY: true });
    expect(stderr).toMatch(/\rBacking up [█░]{30} +\d+ %/u);
    expect(stderr.endsWith(`\r\u001B[KBacked up ${database} to ${file}.\n`)).toBe(true);
  });

  test('leaves nothing when it is interrupted', async () => {
    const database = await createDatabase([thread]);
    enlarge(openRaw(database));
    const interrupted = Promise.resolve();
    expect(await backUp(database, 'copy.db', { interrupted })).toMatchObject({
      code: 1,
      stderr: 'Interrupted.\n',
    });
    expect(readdirSync(dirname(database)).filter((name) => name.startsWith('copy'))).toEqual([]);
  });

  test('does not replace a file, a link or the database', async () => {
    const database = await createDatabase([assistant]);
    const directory = dirname(database);
    writeFileSync(join(directory, 'notes.txt'), 'mine');
    symlinkSync('nowhere', join(directory, 'link'));
    mkdirSync(join(directory, 'folder'));
    for (const name of ['notes.txt', 'link', 'folder', 'assistants.db']) {
      const { file, ...outcome } = await backUp(database, name);
      const stderr = `The file ${file} exists; choose another name, or delete it first.\n`;
      expect(outcome).toEqual({ code: 1, stdout: '', stderr });
    }
    expect(readFileSync(join(directory, 'notes.txt'), 'utf8')).toBe('mine');
    expect(readdirSync(directory).filter((name) => name.includes('partial'))).toEqual([]);
  });

  test('names a directory that does not exist', async () => {
    const database = await createDatabase([assistant]);
    const { file, stderr } = await backUp(database, 'nowhere/copy.db');
    expect(stderr).toBe(`${file}: no such file or directory.\n`);
  });

  test('reports a database that is missing, in memory or not one', async () => {
    const missing = temporary();
    expect((await backUp(missing)).stderr).toBe(`There is no database at ${missing}.\n`);
    expect(readdirSync(dirname(missing))).toEqual([]);
    const memory = openTerminal({});
    const copy = runBackup(memory, { database: ':memory:', file: join(dirname(missing), 'copy') });
    expect(await outcomeOf(memory, copy)).toMatchObject({
      code: 1,
      stderr: 'There is no database at :memory:.\n',
    });
    const text = temporary('notes.txt');
    writeFileSync(text, 'Dear diary,\n'.repeat(1000));
    expect((await backUp(text)).stderr).toContain('is not a database; choose another file.');
  });

  test('copies a database of an older version without upgrading it', async () => {
    const database = await createDatabase([thread, question]);
    const raw = openRaw(database);
    raw.exec(
      'delete from assistants_mcp_migrations where name = (select max(name) from assistants_mcp_migrations)',
    );
    raw.exec('pragma wal_checkpoint(truncate)');
    const before = bytesOf(database);
    const { code, file } = await backUp(database);
    expect([code, bytesOf(database)]).toEqual([0, before]);
    const names = 'select name from assistants_mcp_migrations';
    expect(openRaw(file).prepare(names).all()).toEqual(raw.prepare(names).all());
  });
});
