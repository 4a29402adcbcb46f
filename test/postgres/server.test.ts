import { sql } from 'kysely';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { countRows } from '../../src/engine/store/raw-rows.ts';
import { DatabaseError, openDatabase } from '../../src/engine/store/open.ts';
import { findThread, listThreads } from '../../src/engine/store/threads.ts';
import { transact } from '../../src/engine/store/transaction.ts';
import { eventLoopTurn } from '../support/clock.ts';
import { setup } from '../support/engine.ts';
import {
  needPostgres,
  postgresServer,
  query,
  schemaIn,
  temporarySchema,
} from '../support/postgres.ts';
import { withSetting } from '../support/schema.ts';
import { addThread } from '../support/store-rows.ts';

beforeEach(needPostgres);

async function open(url: string) {
  const db = await openDatabase(url);
  onTestFinished(() => db.destroy());
  return db;
}

/** The error message of a database that cannot be opened; throws if it can. */
async function openError(url: string): Promise<string> {
  const error: unknown = await openDatabase(url).then(
    () => new Error('the database was opened'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof DatabaseError)) throw error;
  return error.message;
}

/** A database, and the application name of its sessions on the server. */
async function openNamed() {
  const url = new URL(await temporarySchema());
  const name = schemaIn(url.href);
  url.searchParams.set('application_name', name);
  return { db: await open(url.href), name };
}

async function readStatementTimeout(url: string) {
  const statement = sql<{ statement_timeout: string }>`show statement_timeout`;
  return (await statement.execute(await open(url))).rows[0]?.statement_timeout;
}

/** Ends the sessions of an application, as a server that stops does; resolves to their number. */
async function endSessions(name: string): Promise<number> {
  const sessions = await query(
    'select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1',
    [name],
  );
  return sessions.length;
}

describe('a lost connection', () => {
  test('is replaced if it was idle', async () => {
    const { db, name } = await openNamed();
    await addThread(db, 'thread');
    expect(await endSessions(name)).toBeGreaterThan(0);
    expect(await findThread(db, 'thread')).toBeDefined();
    await addThread(db, 'other');
    expect(await countRows(db)).toBe(2);
  });

  test('repeats the transaction that used it', async () => {
    const { db, name } = await openNamed();
    let attempts = 0;
    await transact(db, async (transaction) => {
      attempts += 1;
      await addThread(transaction, 'thread');
      if (attempts < 3) await endSessions(name);
      await addThread(transaction, 'other');
    });
    expect([attempts, await countRows(db)]).toEqual([3, 2]);
  });

  test('repeats a transaction that had only to be committed', async () => {
    const { db, name } = await openNamed();
    let attempts = 0;
    await transact(db, async (transaction) => {
      attempts += 1;
      await addThread(transaction, 'thread');
      if (attempts > 1) return;
      await expect.poll(() => endSessions(name)).toBe(0);
      await eventLoopTurn();
    });
    expect([attempts, await countRows(db)]).toEqual([2, 1]);
  });

  test('does not fail the queries that used it', async () => {
    const { db, name } = await openNamed();
    const queries = Array.from({ length: 30 }, () => listThreads(db, { limit: 1, order: 'asc' }));
    await endSessions(name);
    expect((await Promise.all(queries)).every(({ rows }) => rows.length === 0)).toBe(true);
  });
});

test('a transaction is repeated after a deadlock', async () => {
  const db = await open(await temporarySchema());
  await addThread(db, 'a');
  await addThread(db, 'b');
  let attempts = 0;
  const lockBoth = (
    first: string,
    second: string,
    otherHasLocked: Promise<void>,
    onLocked: () => void,
  ) =>
    transact(db, async (transaction) => {
      attempts += 1;
      await findThread(transaction, first);
      onLocked();
      await otherHasLocked;
      await findThread(transaction, second);
    });
  const [lockedA, lockedB] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  await Promise.all([
    lockBoth('a', 'b', lockedB.promise, lockedA.resolve),
    lockBoth('b', 'a', lockedA.promise, lockedB.resolve),
  ]);
  expect(attempts).toBe(3);
});

test('only a transaction with asyncCommit commits without waiting for the disk', async () => {
  const db = await open(await temporarySchema());
  const readCommitMode = (asyncCommit: boolean) =>
    transact(
      db,
      async (transaction) => {
        const statement = sql<{ synchronous_commit: string }>`show synchronous_commit`;
        return (await statement.execute(transaction)).rows[0]?.synchronous_commit;
      },
      { asyncCommit },
    );
  expect([
    await readCommitMode(false),
    await readCommitMode(true),
    await readCommitMode(false),
  ]).toEqual(['on', 'off', 'on']);
});

describe('a database', () => {
  test('may have tables of other programs', async () => {
    const url = await temporarySchema();
    await query(`create table ${schemaIn(url)}.songs (title text)`);
    const db = await open(url);
    await addThread(db, 'thread');
    await db.destroy();
    expect(await countRows(await open(url))).toBe(1);
  });

  test('of a newer version is not opened', async () => {
    const url = await temporarySchema();
    await (await openDatabase(url)).destroy();
    const table = `${schemaIn(url)}.assistants_mcp_migrations`;
    await query(`insert into ${table} values ('9999_from_the_future', '2030-01-01')`);
    expect(await openError(url)).toMatch(/newer version of assistants-mcp/u);
  });

  test('that cannot be opened is reported without its password', async () => {
    const url = new URL(postgresServer ?? '');
    url.password = 'geheim';
    const nowhere = new URL(url);
    nowhere.pathname = '/nowhere';
    const unreachable = new URL(url);
    unreachable.port = '1';
    const errors = [
      await openError(nowhere.href),
      await openError(unreachable.href),
      await openError(`${url.href}?sslmode=certainly`),
      await openError(withSetting(url.href, 'search_path=nowhere')),
    ];
    expect(errors[0]).toContain('database "nowhere" does not exist');
    expect(errors[1]).toContain('ECONNREFUSED');
    expect(errors[2]).toContain("Invalid sslmode 'certainly'");
    expect(errors[3]).toContain('no schema of its search path exists');
    for (const error of errors) expect(error).not.toMatch(/geheim|\n/u);
  });

  test('has a statement timeout of one minute unless its URL sets another', async () => {
    const url = await temporarySchema();
    expect(await readStatementTimeout(url)).toBe('1min');
    expect(await readStatementTimeout(withSetting(url, 'statement_timeout=7s'))).toBe('7s');
  });
});

test('an id with NUL, which PostgreSQL rejects, is not found', async () => {
  const harness = await setup({ database: await temporarySchema() });
  const { id } = await harness.openai.beta.threads.create();
  const statuses = [
    '/threads/thread_%00',
    `/threads/${id}/runs/run_%00`,
    `/threads/${id}/messages?after=msg_%00`,
    `/threads/${id}/messages?run_id=run_%00`,
    '/threads/%00',
  ].map(async (path) => (await harness.request('GET', path)).status);
  expect(await Promise.all(statuses)).toEqual([404, 404, 404, 200, 400]);
});
