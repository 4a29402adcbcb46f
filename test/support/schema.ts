import { Client } from 'pg';

/** A PostgreSQL database to be had to oneself: an empty schema of the server. */
export interface Schema {
  readonly url: string;
  drop(): Promise<void>;
}

async function tell(server: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: server });
  await client.connect();
  await client.query(statement);
  await client.end();
}

/** The server's URL with a setting of the session added. */
export function withSetting(url: string, setting: string): string {
  const changed = new URL(url);
  const options = changed.searchParams.get('options') ?? '';
  changed.searchParams.set('options', `${options} -c ${setting}`.trim());
  return changed.href;
}

let count = 0;

/** Makes a schema that nobody else has, on the server that a URL names. */
export async function createSchema(server: string): Promise<Schema> {
  const name = `test_${process.pid}_${Date.now()}_${(count += 1)}`;
  await tell(server, `create schema ${name}`);
  return {
    url: withSetting(server, `search_path=${name}`),
    drop: () => tell(server, `drop schema ${name} cascade`),
  };
}
