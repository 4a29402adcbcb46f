import { sql } from 'kysely';
import type { AnyDatabase } from './capabilities.ts';

/** Does what not every PostgreSQL can do; says whether it could, and spoils no transaction. */
export async function trySavepoint(db: AnyDatabase, work: () => Promise<unknown>): Promise<boolean> {
  if (!db.isTransaction) {
    return work().then(
      () => true,
      () => false,
    );
  }
  await sql`savepoint attempt`.execute(db);
  try {
    await work();
    await sql`release savepoint attempt`.execute(db);
    return true;
  } catch {
    await sql`rollback to savepoint attempt`.execute(db);
    return false;
  }
}
