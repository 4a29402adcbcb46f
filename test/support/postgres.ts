import { Client, Pool } from 'pg';
import { onTestFinished, type TestContext } from 'vitest';
import { type Cluster, startCluster } from './cluster.ts';
import { createSchema } from './schema.ts';
import { trackCalls } from './pending-io.ts';

// `eventLoopTurn` waits for PostgreSQL, see pending-io.ts.
trackCalls(Pool, 'connect');
trackCalls(Client, 'query');

/** A server for tests: a URL whose user may make schemas. */
export const postgresServer = process.env['ASSISTANTS_TEST_POSTGRES'] ?? null;

/** Said of tests that are skipped without one. */
export const withoutPostgres = 'ASSISTANTS_TEST_POSTGRES is not set';

/** For `beforeEach`: skips tests that need a server where there is none, and says why. */
export function needPostgres({ skip }: Pick<TestContext, 'skip'>): void {
  if (postgresServer === null) skip(withoutPostgres);
}

/** Puts one statement to the server, past everything that is tested. */
export async function query(text: string, values: readonly unknown[] = []) {
  const client = new Client({ connectionString: postgresServer ?? '' });
  await client.connect();
  try {
    return (await client.query(text, [...values])).rows;
  } finally {
    await client.end();
  }
}

/** A database to be had to oneself until the test is over: an empty schema of the server. */
export async function temporarySchema(): Promise<string> {
  const schema = await createSchema(postgresServer ?? '');
  onTestFinished(() => schema.drop());
  return schema.url;
}

/** The schema in the URL of a database for tests. */
export const schemaIn = (url: string): string => /search_path[=%3D]+(\w+)/u.exec(url)?.[1] ?? '';

/** A server to be had to oneself until the test is over; see `startCluster`. */
export async function temporaryCluster(
  ...prepare: Parameters<typeof startCluster>
): Promise<Cluster> {
  const cluster = await startCluster(...prepare);
  onTestFinished(() => cluster.remove());
  return cluster;
}
