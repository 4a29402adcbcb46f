import { openDatabase } from '../../../src/engine/store/open.ts';
import { openPglite } from '../../support/pglite.ts';
import { postgresServer, temporarySchema, withoutPostgres } from '../../support/postgres.ts';
import { describe } from 'vitest';
import { chunkSearchContract } from './chunk-search-contract.ts';
import { chunksContract } from './chunks-contract.ts';
import type { TestedDatabase } from './test-databases.ts';

const databases: readonly TestedDatabase[] = [
  {
    name: 'SQLite',
    async open() {
      const db = await openDatabase(':memory:');
      return [db, db];
    },
  },
  {
    name: 'PGlite',
    async open() {
      const db = await openPglite();
      return [db, db];
    },
  },
  {
    name: 'PostgreSQL',
    skipReason: postgresServer === null ? withoutPostgres : null,
    async open() {
      const url = await temporarySchema();
      return [await openDatabase(url), await openDatabase(url)];
    },
  },
];

for (const database of databases) {
  describe(`chunks in ${database.name}`, () => {
    chunksContract(database);
    chunkSearchContract(database);
  });
}
