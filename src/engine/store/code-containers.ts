import { type Database, decode } from './schema.ts';

/** The code interpreter container of a thread at the model endpoint, and the files copied into it. */
export interface Container {
  readonly id: string;
  readonly file_ids: readonly string[];
}

export async function findContainer(
  db: Database,
  thread_id: string,
): Promise<Container | undefined> {
  const row = await db
    .selectFrom('containers')
    .selectAll()
    .where('thread_id', '=', thread_id)
    .executeTakeFirst();
  return row && { id: row.container_id, file_ids: decode<string[]>(row.file_ids) };
}

/** Stores a thread's container, replacing the previous one. */
export const putContainer = async (
  db: Database,
  thread_id: string,
  { id: container_id, file_ids }: Container,
): Promise<void> => {
  const values = { container_id, file_ids: JSON.stringify(file_ids) };
  await db
    .insertInto('containers')
    .values({ thread_id, ...values })
    .onConflict((conflict) => conflict.column('thread_id').doUpdateSet(values))
    .execute();
};

export const deleteContainer = async (db: Database, thread_id: string): Promise<void> => {
  await db.deleteFrom('containers').where('thread_id', '=', thread_id).execute();
};
