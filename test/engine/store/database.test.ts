import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, onTestFinished, test } from 'vitest';
import { DatabaseError, openDatabase } from '../../../src/engine/store/open.ts';
import { countActiveRuns } from '../../../src/engine/store/runs.ts';
import { hasUnfinishedRuns } from '../../../src/engine/store/sqlite/unfinished-runs.ts';
import { transact } from '../../../src/engine/store/transaction.ts';
import { setup } from '../../support/engine.ts';
import { temporary } from '../../support/temporary-files.ts';
import { createRun } from '../../support/conversation.ts';

async function open(location: string) {
  const db = await openDatabase(location);
  onTestFinished(() => db.destroy());
  return db;
}

/** The message of the error for a database that cannot be opened. */
async function openError(location: string): Promise<string> {
  const error: unknown = await openDatabase(location).then(
    () => 'it was opened',
    (reason: unknown) => reason,
  );
  if (!(error instanceof DatabaseError)) throw error;
  return error.message;
}

/** The contents of the file and of those that SQLite creates beside it. */
const bytesOf = (file: string) =>
  ['', '-wal', '-shm', '-journal'].map((suffix) =>
    existsSync(file + suffix) ? readFileSync(file + suffix).toString('base64') : null,
  );

test('fails at once where no directory can be created', async ({ skip }) => {
  if (!existsSync('/proc/self')) skip('there is no /proc here');
  const reason = await openError('/proc/nowhere/at-all/assistants.db');
  expect(reason).toMatch(
    /^Cannot open the database \/proc\/nowhere\/at-all\/assistants\.db: ENOENT.*\.$/u,
  );
});

describe('a new SQLite database', () => {
  test('is accessible to its owner only, and so are its directories', async () => {
    const file = join(dirname(temporary()), 'deep', 'er', 'assistants.db');
    await open(file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(file)).mode & 0o777).toBe(0o700);
    expect(statSync(dirname(dirname(file))).mode & 0o777).toBe(0o700);
  });

  test('does not change the mode of an existing directory', async () => {
    const directory = join(dirname(temporary()), 'shared');
    mkdirSync(directory, { mode: 0o755 });
    await open(join(directory, 'assistants.db'));
    expect(statSync(directory).mode & 0o777).toBe(0o755);
  });

  test('keeps the files beside it private too', async () => {
    const file = temporary();
    const harness = await setup({ database: file });
    await createRun(harness);
    const beside = ['-wal', '-shm']
      .map((suffix) => file + suffix)
      .filter((path) => existsSync(path));
    expect(beside.length).toBeGreaterThan(0);
    for (const path of beside) expect(statSync(path).mode & 0o077).toBe(0);
  });

  test('uses write-ahead logging', async () => {
    const file = temporary();
    await open(file);
    const reader = new DatabaseSync(file);
    onTestFinished(() => reader.close());
    expect({ ...reader.prepare('pragma journal_mode').get() }).toEqual({ journal_mode: 'wal' });
  });
});

test('a database that is opened again has all its rows', async () => {
  const database = temporary();
  const first = await setup({ database });
  const { id } = await first.openai.beta.threads.create({ metadata: { a: '1' } });
  await first.engine.stop(0);
  const second = await setup({ database, ids: first.ids });
  expect((await second.openai.beta.threads.retrieve(id)).metadata).toEqual({ a: '1' });
});

test('two databases in memory are separate', async () => {
  const one = await setup();
  const other = await setup();
  const { id } = await one.openai.beta.threads.create();
  expect((await other.request('GET', `/threads/${id}`)).status).toBe(404);
});

describe('opening fails and changes nothing', () => {
  test('if a newer version wrote the database', async () => {
    const file = temporary();
    const db = await openDatabase(file);
    await db.destroy();
    const newer = new DatabaseSync(file);
    newer.exec("insert into assistants_mcp_migrations values ('9999_from_the_future', '2030')");
    newer.close();
    const before = bytesOf(file);
    expect(await openError(file)).toMatch(/newer version of assistants-mcp/u);
    expect(bytesOf(file)).toEqual(before);
  });

  test('if the file is not a database', async () => {
    const file = temporary('notes.txt');
    writeFileSync(file, 'Dear diary,\n'.repeat(1000));
    const before = bytesOf(file);
    expect(await openError(file)).toContain(`${file} is not a database`);
    expect(bytesOf(file)).toEqual(before);
  });

  test('if the database belongs to another program', async () => {
    const file = temporary('other.db');
    const other = new DatabaseSync(file);
    other.exec('create table songs (title text); insert into songs values (1)');
    other.close();
    const before = bytesOf(file);
    expect(await openError(file)).toMatch(/belongs to another program/u);
    expect(bytesOf(file)).toEqual(before);
  });

  test('if the path is a directory or below a file', async () => {
    const directory = dirname(temporary());
    expect(await openError(directory)).toContain(directory);
    const inFile = join(directory, 'plain');
    writeFileSync(inFile, '');
    const sentence = await openError(join(inFile, 'assistants.db'));
    expect(sentence).toContain(inFile);
    expect(sentence).not.toContain('\n');
  });
});

describe('hasUnfinishedRuns', () => {
  test('is false without a file, and creates none', async () => {
    const file = temporary();
    expect(await hasUnfinishedRuns(file)).toBe(false);
    expect(existsSync(file)).toBe(false);
    expect(await hasUnfinishedRuns(':memory:')).toBe(false);
  });

  test('is true while a run is active', async () => {
    const database = temporary();
    const harness = await setup({ database });
    expect(await hasUnfinishedRuns(database)).toBe(false);
    harness.upstream.respondWith({});
    await createRun(harness);
    expect(await hasUnfinishedRuns(database)).toBe(true);
    await harness.runToEnd();
    expect(await hasUnfinishedRuns(database)).toBe(false);
  });
});

test('active runs are counted while a transaction has the only connection', async () => {
  const db = await openDatabase(':memory:');
  onTestFinished(() => db.destroy());
  await transact(db, async () => {
    expect(await countActiveRuns(db)).toMatchObject({ queued: 0, in_progress: 0 });
  });
});
