import { openDatabase } from '../../../src/engine/store/open.ts';
import { temporary } from '../../support/temporary-files.ts';
import { openPglite } from '../../support/pglite.ts';
import { postgresServer, temporarySchema, withoutPostgres } from '../../support/postgres.ts';
import { storeContract } from './contract.ts';

const inProcess = 'there is one connection and no other process';

async function openTwice(location: string) {
  return [await openDatabase(location), await openDatabase(location)] as const;
}

storeContract({
  name: ':memory:',
  singleConnection: inProcess,
  async open() {
    const db = await openDatabase(':memory:');
    return [db, db];
  },
});

storeContract({
  name: 'a file',
  singleConnection: 'one connection is under test',
  async open() {
    const db = await openDatabase(temporary());
    return [db, db];
  },
});

storeContract({ name: 'two connections on a file', open: () => openTwice(temporary()) });

storeContract({
  name: 'PGlite',
  singleConnection: inProcess,
  async open() {
    const db = await openPglite();
    return [db, db];
  },
});

storeContract({
  name: 'PostgreSQL',
  skipReason: postgresServer === null ? withoutPostgres : null,
  open: async () => openTwice(await temporarySchema()),
});
