import { sql } from 'kysely';
import type { Database } from './schema.ts';
import { transact } from './transaction.ts';

/*
 * Content is stored in pieces, by the id of its owner: a file, or a part of an upload. While it is
 * being written, and when its file has been deleted, its owner is in `unused_contents`, and whoever
 * cleans up deletes it when its time has passed. So nobody sees content that is not complete, and a
 * process that is killed leaves nothing behind for long.
 */

/** The most that one row holds. */
export const pieceBytes = 2 ** 20;

/** How long content may go without another piece before it counts as abandoned. */
const abandonedAfterMs = 600_000;

/** Content that took so long that it was deleted, or that was deleted while it was read. */
export class ContentDeleted extends Error {
  override readonly name = 'ContentDeleted';
}

/** Makes pieces of 1 MiB of chunks of any size; the last one is smaller. */
export async function* toPieces(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let piece = new Uint8Array(pieceBytes);
  let length = 0;
  for await (const chunk of chunks) {
    let rest = chunk;
    while (rest.length > 0) {
      const head = rest.subarray(0, pieceBytes - length);
      piece.set(head, length);
      length += head.length;
      rest = rest.subarray(head.length);
      if (length < pieceBytes) continue;
      yield piece;
      piece = new Uint8Array(pieceBytes);
      length = 0;
    }
  }
  if (length > 0) yield piece.slice(0, length);
}

/** Inserts one piece. */
export const insertPiece = async (
  db: Database,
  owner_id: string,
  position: number,
  content: Uint8Array,
): Promise<void> => {
  await db.insertInto('file_parts').values({ owner_id, position, content }).execute();
};

/** Inserts content that is in memory, in a transaction of the caller. */
export async function insertContent(
  db: Database,
  owner_id: string,
  content: Uint8Array,
): Promise<void> {
  for (let start = 0; start < content.length; start += pieceBytes) {
    const piece = content.subarray(start, start + pieceBytes);
    await insertPiece(db, owner_id, start / pieceBytes, piece);
  }
}

/**
 * Writes content as it arrives, each piece in a transaction of its own, and resolves to the number of
 * bytes. It counts as unused until `useContents`. Content that cannot be completed is deleted.
 */
export async function writeContent(
  db: Database,
  owner_id: string,
  chunks: AsyncIterable<Uint8Array>,
  now: () => number,
): Promise<number> {
  let position = 0;
  let bytes = 0;
  try {
    for await (const content of toPieces(chunks)) {
      const delete_after = now() + abandonedAfterMs;
      // A crash may lose pieces that no file refers to yet; the file's own commit waits for the disk.
      const options = { asyncCommit: true };
      await transact(
        db,
        async (transaction) => {
          await putUnused(transaction, owner_id, delete_after, position === 0);
          await insertPiece(transaction, owner_id, position, content);
        },
        options,
      );
      position += 1;
      bytes += content.length;
    }
    if (position === 0) await putUnused(db, owner_id, now() + abandonedAfterMs, true);
    return bytes;
  } catch (error) {
    // The first error is the one that matters; the content is deleted later at the latest.
    await discard(db, owner_id).catch(() => {});
    throw error;
  }
}

/** Marks content that is being written; throws if it has been deleted in the meantime. */
async function putUnused(
  db: Database,
  owner_id: string,
  delete_after: number,
  isFirst: boolean,
): Promise<void> {
  if (isFirst) {
    await db.insertInto('unused_contents').values({ owner_id, delete_after }).execute();
    return;
  }
  const { numUpdatedRows } = await db
    .updateTable('unused_contents')
    .set({ delete_after })
    .where('owner_id', '=', owner_id)
    .where('delete_after', '>', 0)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) throw new ContentDeleted('The content took too long to arrive.');
}

/** Takes over content that was written: call it in the transaction that inserts its owner. */
export async function useContent(db: Database, owner_id: string): Promise<void> {
  const { numDeletedRows } = await db
    .deleteFrom('unused_contents')
    .where('owner_id', '=', owner_id)
    .where('delete_after', '>', 0)
    .executeTakeFirst();
  if (numDeletedRows === 0n) throw new ContentDeleted('The content took too long to arrive.');
}

/** Marks contents whose owners the caller's transaction deletes. */
export async function releaseContents(db: Database, owner_ids: readonly string[]): Promise<void> {
  const batchSize = 500;
  for (let start = 0; start < owner_ids.length; start += batchSize) {
    const rows = owner_ids
      .slice(start, start + batchSize)
      .map((owner_id) => ({ owner_id, delete_after: 0 }));
    await db
      .insertInto('unused_contents')
      .values(rows)
      .onConflict((conflict) => conflict.column('owner_id').doUpdateSet({ delete_after: 0 }))
      .execute();
  }
}

/**
 * Deletes content that nobody has taken over, and keeps whoever writes it from completing it. With
 * `dueAt`, in milliseconds since the epoch, only if it is to be deleted by then.
 */
export async function discard(
  db: Database,
  owner_id: string,
  dueAt = Number.MAX_SAFE_INTEGER,
): Promise<void> {
  const { numUpdatedRows } = await transact(db, (transaction) =>
    transaction
      .updateTable('unused_contents')
      .set({ delete_after: 0 })
      .where('owner_id', '=', owner_id)
      .where('delete_after', '<=', dueAt)
      .executeTakeFirst(),
  );
  if (numUpdatedRows > 0n) await deletePieces(db, owner_id);
}

/** Pieces that one transaction deletes, so that others can write. */
const deletedPieces = 16;

async function deletePieces(db: Database, owner_id: string): Promise<void> {
  for (;;) {
    const isDone = await transact(db, async (transaction) => {
      const { rows } = await sql<{ position: number }>`
        delete from file_parts where owner_id = ${owner_id} and position in (
          select position from file_parts where owner_id = ${owner_id}
          order by position desc limit ${deletedPieces}) returning position`.execute(transaction);
      if (rows.length === deletedPieces) return false;
      await transaction.deleteFrom('unused_contents').where('owner_id', '=', owner_id).execute();
      return true;
    });
    if (isDone) return;
  }
}

/** Deletes the contents that have been unused until `now`, in milliseconds since the epoch. */
export async function deleteUnusedContents(
  db: Database,
  now: number,
  signal: Pick<AbortSignal, 'aborted'> = { aborted: false },
): Promise<void> {
  while (!signal.aborted) {
    const row = await db
      .selectFrom('unused_contents')
      .select('owner_id')
      .where('delete_after', '<=', now)
      .limit(1)
      .executeTakeFirst();
    if (row === undefined) return;
    // From now on nobody can complete the content.
    await discard(db, row.owner_id, now);
  }
}

/** Bytes from the start, `end` exclusive. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

const wholeContent: ByteRange = { start: 0, end: Infinity };

/** The pieces of an owner and their sizes, which the database knows without reading them. */
async function piecesOf(
  db: Database,
  owner_id: string,
): Promise<{ position: number; bytes: number }[]> {
  return db
    .selectFrom('file_parts')
    .select(['position', sql<number>`octet_length(content)`.as('bytes')])
    .where('owner_id', '=', owner_id)
    .orderBy('position')
    .execute();
}

/** The content of several owners, one after the other, piece by piece. */
export async function* readContents(
  db: Database,
  owner_ids: readonly string[],
  { start, end }: ByteRange = wholeContent,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let offset = 0;
  for (const owner_id of owner_ids) {
    for (const { position, bytes } of await piecesOf(db, owner_id)) {
      const from = Math.max(0, start - offset);
      const to = Math.min(bytes, end - offset);
      offset += bytes;
      if (from >= to) continue;
      const row = await db
        .selectFrom('file_parts')
        .select('content')
        .where('owner_id', '=', owner_id)
        .where('position', '=', position)
        .executeTakeFirst();
      if (row === undefined) throw new ContentDeleted('The file was deleted while it was read.');
      yield new Uint8Array(row.content.subarray(from, to));
    }
  }
}
