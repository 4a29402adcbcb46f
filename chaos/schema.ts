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

/** Makes a schema on the server that a URL names. */
export async function createSchema(server: string): Promise<Schema> {
  const name = `chaos_${process.pid}_${Date.now()}`;
  await tell(server, `create schema ${name}`);
  const url = new URL(server);
  const options = url.searchParams.get('options') ?? '';
  url.searchParams.set('options', `${options} -c search_path=${name}`.trim());
  return { url: url.href, drop: () => tell(server, `drop schema ${name} cascade`) };
}
