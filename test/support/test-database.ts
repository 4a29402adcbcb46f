import { temporarySchema } from './postgres.ts';

/** Where `setup` keeps its databases: in memory and in files, or all of them in PostgreSQL. */
export const testDatabase = { isPostgres: false };

const schemas = new Map<string, Promise<string>>();

/** What to open where a test names a file, or nothing: each file has a schema of its own. */
export function locateDatabase(file?: string): Promise<string> {
  if (!testDatabase.isPostgres) return Promise.resolve(file ?? ':memory:');
  const schema = (file === undefined ? undefined : schemas.get(file)) ?? temporarySchema();
  if (file !== undefined) schemas.set(file, schema);
  return schema;
}
