import { Client, Pool } from 'pg';
import { onTestFinished, type TestContext } from 'vitest';
import { type Cluster, startCluster } from './cluster.ts';
import { track } from './under-way.ts';

track(Pool.prototype, 'connect');
track(Client.prototype, 'query');

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

let count = 0;

/** A name that no other test has, in this process or another. */
const freshName = () => `test_${process.pid}_${Date.now()}_${(count += 1)}`;

/** The server's URL with a setting of the session added. */
export function withSetting(url: string, setting: string): string {
  const changed = new URL(url);
  const options = changed.searchParams.get('options') ?? '';
  changed.searchParams.set('options', `${options} -c ${setting}`.trim());
  return changed.href;
}

/** A database to be had to oneself until the test is over: an empty schema of the server. */
export async function temporarySchema(): Promise<string> {
  const name = freshName();
  await query(`create schema ${name}`);
  onTestFinished(async () => {
    await query(`drop schema ${name} cascade`);
  });
  return withSetting(postgresServer ?? '', `search_path=${name}`);
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
