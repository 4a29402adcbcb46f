import { openDatabase } from '../../src/engine/store/open.ts';
import { locateDatabase } from './test-database.ts';

/** The number of pieces of contents in a database that a test has named. */
export async function storedPieces(file: string): Promise<number> {
  const db = await openDatabase(await locateDatabase(file));
  const rows = await db.selectFrom('file_parts').select('owner_id').execute();
  await db.destroy();
  return rows.length;
}
