import { Client, Pool } from 'pg';
import { onTestFinished, type TestContext } from 'vitest';
import { type Cluster, startCluster } from './cluster.ts';
import { createSchema } from './schema.ts';
import { trackCalls } from './pending-io.ts';

// `eventLoopTurn` waits for PostgreSQL, see pending-io.ts.
trackCalls(Pool, 'connect');
trackCalls(Client, 'query');

/** The URL of a server for tests, whose user may create schemas; null: there is none. */
export const postgresServer = process.env['ASSISTANTS_TEST_POSTGRES'] ?? null;

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
