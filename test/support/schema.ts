import { Client } from 'pg';

/** An empty schema of a PostgreSQL server, used as a database of its own. */
export interface Schema {
  readonly url: string;
  drop(): Promise<void>;
}

async function execute(server: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: server });
  await client.connect();
  await client.query(statement);
  await client.end();
}

/** The server's URL with a further session setting, such as `statement_timeout=7s`. */
export function withSetting(url: string, setting: string): string {
  const result = new URL(url);
  const options = result.searchParams.get('options') ?? '';
  result.searchParams.set('options', `${options} -c ${setting}`.trim());
  return result.href;
}

let count = 0;

/** Creates a schema with a unique name; `server` is the URL. */
export async function createSchema(server: string): Promise<Schema> {
  const name = `test_${process.pid}_${Date.now()}_${(count += 1)}`;
  await execute(server, `create schema ${name}`);
  return {
    url: withSetting(server, `search_path=${name}`),
    drop: () => execute(server, `drop schema ${name} cascade`),
  };
}
