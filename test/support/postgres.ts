import { Client, DatabaseError, Pool } from 'pg';
import { onTestFinished, type TestContext } from 'vitest';
import { type Cluster, startCluster } from './cluster.ts';
import { createSchema } from './schema.ts';
import { trackCalls } from './pending-io.ts';

// `eventLoopTurn` waits for PostgreSQL, see pending-io.ts.
trackCalls(Pool, 'connect');
trackCalls(Client, 'query');

/** SQLSTATE of a database that exists. */
const duplicateDatabase = '42P04';

/**
 * A database for this worker alone: a migration reads the catalog of the whole database, and must not
 * meet schemas that the tests of another worker are dropping.
 */
async function workerDatabase(server: string): Promise<string> {
  const name = `worker_${process.env['VITEST_POOL_ID'] ?? '0'}`;
  const client = new Client({ connectionString: server });
  await client.connect();
  try {
    await client.query(`create database ${name}`);
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.code !== duplicateDatabase) throw error;
  } finally {
    await client.end();
  }
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

const server = process.env['ASSISTANTS_TEST_POSTGRES'];

/** The URL of a database for tests, whose user may create databases and schemas; null: there is none. */
export const postgresServer = server === undefined ? null : await workerDatabase(server);

/** The reason for skipping tests that need it. */
export const withoutPostgres = 'ASSISTANTS_TEST_POSTGRES is not set';

/** For `beforeEach`: skips tests that need a server if there is none. */
export function needPostgres({ skip }: Pick<TestContext, 'skip'>): void {
  if (postgresServer === null) skip(withoutPostgres);
}

/** Sends one statement directly to the server. */
export async function query(text: string, values: readonly unknown[] = []) {
  const client = new Client({ connectionString: postgresServer ?? '' });
  await client.connect();
  try {
    return (await client.query(text, [...values])).rows;
  } finally {
    await client.end();
  }
}

/** Creates an empty schema for the current test; resolves to its URL. */
export async function temporarySchema(): Promise<string> {
  const schema = await createSchema(postgresServer ?? '');
  onTestFinished(() => schema.drop());
  return schema.url;
}

/** The name of the schema in the URL of a test database. */
export const schemaIn = (url: string): string => /search_path[=%3D]+(\w+)/u.exec(url)?.[1] ?? '';

/** Starts a server for the current test; see `startCluster`. */
export async function temporaryCluster(
  ...prepare: Parameters<typeof startCluster>
): Promise<Cluster> {
  const cluster = await startCluster(...prepare);
  onTestFinished(() => cluster.remove());
  return cluster;
}
