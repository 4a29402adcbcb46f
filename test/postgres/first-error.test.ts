import { sql } from 'kysely';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { DatabaseError, openDatabase } from '../../src/engine/store/open.ts';
import { trySavepoint } from '../../src/engine/store/capabilities.ts';
import { countRows } from '../../src/engine/store/raw-rows.ts';
import { transact } from '../../src/engine/store/transaction.ts';
import { setup } from '../support/engine.ts';
import { needPostgres, query, schemaIn, temporarySchema } from '../support/postgres.ts';
import { withSetting } from '../support/schema.ts';
import { startServe } from '../support/serve.ts';
import { addThread } from '../support/store-rows.ts';

beforeEach(needPostgres);

async function open(url: string) {
  const db = await openDatabase(url);
  onTestFinished(() => db.destroy());
  return db;
}

/** The sentence with which a database is refused; fails when it is opened. */
async function refusalOf(url: string): Promise<string> {
  const error: unknown = await openDatabase(url).then(
    () => 'it was opened',
    (reason: unknown) => reason,
  );
  if (!(error instanceof DatabaseError)) throw error;
  return error.message;
}

/** The URL with a new role that may use the schema and nothing in it. */
async function asGuest(url: string): Promise<{ readonly url: string; readonly role: string }> {
  const schema = schemaIn(url);
  const role = `guest_${schema}`;
  await query(`create role ${role} login password 'guest'`);
  await query(`grant usage on schema ${schema} to ${role}`);
  onTestFinished(async () => {
    await query(`drop owned by ${role}`);
    await query(`drop role ${role}`);
  });
  const changed = new URL(url);
  changed.username = role;
  changed.password = 'guest';
  return { url: changed.href, role };
}

const readOnly = (url: string) => withSetting(url, 'default_transaction_read_only=on');

async function migrated(): Promise<string> {
  const url = await temporarySchema();
  await (await openDatabase(url)).destroy();
  return url;
}

async function healthOf(url: string) {
  const response = await fetch(`${url}/healthz`);
  return { status: response.status, body: await response.json() };
}

const problem = (reason: string) => ({
  status: 503,
  body: { status: 'unavailable', database: { reachable: true, reason } },
});

describe('the first error of a transaction is reported', () => {
  test('when the tables may not be created', async () => {
    const { url } = await asGuest(await temporarySchema());
    const schema = schemaIn(url);
    expect(await refusalOf(url)).toMatch(
      new RegExp(
        `^Cannot migrate the database .*: permission denied for schema ${schema}\\.$`,
        'u',
      ),
    );
  });

  test('when the list of migrations may not be read', async () => {
    const { url } = await asGuest(await migrated());
    expect(await refusalOf(url)).toContain(
      'permission denied for table assistants_mcp_migrations.',
    );
  });

  test('when a new database is read-only', async () => {
    expect(await refusalOf(readOnly(await temporarySchema()))).toMatch(
      /: cannot execute CREATE TABLE in a read-only transaction\.$/u,
    );
  });

  test('and not that the transaction is aborted', async () => {
    const db = await open(await temporarySchema());
    const work = transact(db, async (transaction) => {
      await sql`select * from nowhere`.execute(transaction).catch(() => {});
      await addThread(transaction, 'thread');
    });
    await expect(work).rejects.toThrow('relation "nowhere" does not exist');
  });

  test('also when nothing follows it: such a transaction is not committed', async () => {
    const db = await open(await temporarySchema());
    const work = transact(db, async (transaction) => {
      await addThread(transaction, 'thread');
      await sql`select * from nowhere`.execute(transaction).catch(() => {});
    });
    await expect(work).rejects.toThrow('relation "nowhere" does not exist');
    expect(await countRows(db)).toBe(0);
  });

  test('unless it was rolled back to a savepoint', async () => {
    const db = await open(await temporarySchema());
    await transact(db, async (transaction) => {
      await trySavepoint(transaction, () => sql`select * from nowhere`.execute(transaction));
      await addThread(transaction, 'thread');
    });
    expect(await countRows(db)).toBe(1);
  });
});

describe('a request', () => {
  test.each([
    ['is read-only', readOnly, 'cannot execute INSERT in a read-only transaction'],
    [
      'may only be read',
      async (url: string) => {
        const guest = await asGuest(url);
        await query(`grant select on all tables in schema ${schemaIn(url)} to ${guest.role}`);
        return guest.url;
      },
      'permission denied for table threads',
    ],
  ])('to a database that %s is answered with the reason', async (_name, change, reason) => {
    const harness = await setup({ database: await change(await migrated()) });
    const { status, body } = await harness.request('POST', '/threads', {});
    expect([status, body.error.message]).toEqual([
      500,
      `The server cannot use its database: ${reason}.`,
    ]);
  });
});

describe('/healthz', () => {
  test('answers 503 for sessions that are read-only, before any write', async () => {
    const database = readOnly(await migrated());
    const served = await startServe({ argv: ['--database', database] });
    expect(await healthOf(served.url)).toMatchObject(
      problem('cannot execute INSERT in a read-only transaction'),
    );
  });

  test('answers 503 after a write was refused, until writes are permitted', async () => {
    const owner = await migrated();
    const tables = `on all tables in schema ${schemaIn(owner)}`;
    const { url, role } = await asGuest(owner);
    await query(`grant all on all sequences in schema ${schemaIn(owner)} to ${role}`);
    await query(`grant all ${tables} to ${role}`);
    const served = await startServe({ argv: ['--database', url] });
    expect((await healthOf(served.url)).status).toBe(200);
    await query(`revoke insert, update, delete ${tables} from ${role}`);
    await fetch(`${served.url}/v1/threads`, { method: 'POST', body: '{}' });
    for (const _ of [1, 2]) {
      expect(await healthOf(served.url)).toMatchObject(
        problem('permission denied for table threads'),
      );
    }
    await query(`grant all ${tables} to ${role}`);
    expect((await healthOf(served.url)).status).toBe(200);
    expect(await query(`select * from ${schemaIn(owner)}.threads`)).toEqual([]);
  });
});
