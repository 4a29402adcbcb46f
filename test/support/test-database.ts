import { temporarySchema } from './postgres.ts';

/** Where `setup` opens its databases; the vitest project `postgres` sets the variable. */
export const testDatabase = { isPostgres: process.env['ASSISTANTS_TEST_DATABASE'] === 'postgres' };

const schemas = new Map<string, Promise<string>>();

/**
 * The location to open where a test names a file or, for a database in memory, nothing. In the
 * project `postgres` each file name stands for a schema of its own.
 */
export function locateDatabase(file?: string): Promise<string> {
  if (!testDatabase.isPostgres) return Promise.resolve(file ?? ':memory:');
  const schema = (file === undefined ? undefined : schemas.get(file)) ?? temporarySchema();
  if (file !== undefined) schemas.set(file, schema);
  return schema;
}
