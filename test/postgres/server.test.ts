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

/** The sentence with which a database is refused; fails when it is opened. */
async function refused(url: string): Promise<string> {
  const error: unknown = await openDatabase(url).then(
    () => 'it was opened',
    (reason: unknown) => reason,
  );
  if (!(error instanceof DatabaseError)) throw error;
  return error.message;
}

/** A database with a name for the sessions that it holds with the server. */
async function openNamed() {
  const url = new URL(await temporarySchema());
  const name = schemaIn(url.href);
  url.searchParams.set('application_name', name);
  return { db: await open(url.href), name };
}

async function limitIn(url: string) {
  const shown = sql<{ statement_timeout: string }>`show statement_timeout`;
  return (await shown.execute(await open(url))).rows[0]?.statement_timeout;
}

/** Ends the sessions of one name, as a server that goes down does; answers how many. */
async function endSessions(name: string): Promise<number> {
  const ended = await query(
    'select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1',
    [name],
  );
  return ended.length;
}

describe('a connection that is lost', () => {
  test('while nobody uses it is made again', async () => {
    const { db, name } = await openNamed();
    await addThread(db, 'thread');
    expect(await endSessions(name)).toBeGreaterThan(0);
    expect(await findThread(db, 'thread')).toBeDefined();
    await addThread(db, 'other');
    expect(await countRows(db)).toBe(2);
  });

  test('in a transaction has it done again', async () => {
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

  test('when a transaction has only to be committed, has it done again', async () => {
    const { db, name } = await openNamed();
    let attempts = 0;
    await transact(db, async (transaction) => {
      attempts += 1;
      await addThread(transaction, 'thread');
      if (attempts > 1) return;
      while ((await endSessions(name)) > 0);
      await eventLoopTurn();
    });
    expect([attempts, await countRows(db)]).toEqual([2, 1]);
  });

  test('under a look is no matter', async () => {
    const { db, name } = await openNamed();
    const looks = Array.from({ length: 30 }, () => listThreads(db, { limit: 1, order: 'asc' }));
    await endSessions(name);
    expect((await Promise.all(looks)).every(({ rows }) => rows.length === 0)).toBe(true);
  });
});

describe('a transaction that others get in the way of', () => {
  test('is done again after a deadlock', async () => {
    const db = await open(await temporarySchema());
    await addThread(db, 'a');
    await addThread(db, 'b');
    let attempts = 0;
    const both = (first: string, second: string, met: Promise<void>, meet: () => void) =>
      transact(db, async (transaction) => {
        attempts += 1;
        await findThread(transaction, first);
        meet();
        await met;
        await findThread(transaction, second);
      });
    const [one, other] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    await Promise.all([
      both('a', 'b', other.promise, one.resolve),
      both('b', 'a', one.promise, other.resolve),
    ]);
    expect(attempts).toBe(3);
  });
});

test('a draft does not wait for the disk, and nothing else is spared that', async () => {
  const db = await open(await temporarySchema());
  const commitOf = (isDraft: boolean) =>
    transact(
      db,
      async (transaction) => {
        const shown = sql<{ synchronous_commit: string }>`show synchronous_commit`;
        return (await shown.execute(transaction)).rows[0]?.synchronous_commit;
      },
      { asyncCommit: isDraft },
    );
  expect([await commitOf(false), await commitOf(true), await commitOf(false)]).toEqual([
    'on',
    'off',
    'on',
  ]);
});

describe('a database', () => {
  test('may have other tables', async () => {
    const url = await temporarySchema();
    await query(`create table ${schemaIn(url)}.songs (title text)`);
    const db = await open(url);
    await addThread(db, 'thread');
    await db.destroy();
    expect(await countRows(await open(url))).toBe(1);
  });

  test('of a newer version is left alone', async () => {
    const url = await temporarySchema();
    await (await openDatabase(url)).destroy();
    const table = `${schemaIn(url)}.assistants_mcp_migrations`;
    await query(`insert into ${table} values ('9999_from_the_future', '2030-01-01')`);
    expect(await refused(url)).toMatch(/newer version of assistants-mcp/u);
  });

  test('that cannot be used is named without what is secret', async () => {
    const url = new URL(postgresServer ?? '');
    url.password = 'geheim';
    const nowhere = new URL(url);
    nowhere.pathname = '/nowhere';
    const unreachable = new URL(url);
    unreachable.port = '1';
    const sentences = [
      await refused(nowhere.href),
      await refused(unreachable.href),
      await refused(`${url.href}?sslmode=certainly`),
      await refused(withSetting(url.href, 'search_path=nowhere')),
    ];
    expect(sentences[0]).toContain('database "nowhere" does not exist');
    expect(sentences[1]).toContain('ECONNREFUSED');
    expect(sentences[2]).toContain("Invalid sslmode 'certainly'");
    expect(sentences[3]).toContain('no schema of its search path exists');
    for (const sentence of sentences) expect(sentence).not.toMatch(/geheim|\n/u);
  });

  test('is given limits, unless it has some', async () => {
    const url = await temporarySchema();
    expect(await limitIn(url)).toBe('1min');
    expect(await limitIn(withSetting(url, 'statement_timeout=7s'))).toBe('7s');
  });
});

test('an id that PostgreSQL cannot even look for is not found', async () => {
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
