import type OpenAI from 'openai';
import { needsRowLock } from './capabilities.ts';
import { releaseContents } from './file-contents.ts';
import { type Database, decode, type UploadPartRow, type UploadRow } from './schema.ts';

/** What the row of an upload keeps in its body. */
export interface UploadBody {
  readonly filename: string;
  readonly media_type: string;
  readonly purpose: string;
  readonly bytes: number;
  /** Seconds from the creation of the file until it expires; absent: never. */
  readonly file_lifetime?: number;
  /** The file that the completed upload became. */
  readonly file?: OpenAI.FileObject;
}

export const uploadBody = ({ body }: Pick<UploadRow, 'body'>): UploadBody => decode(body);

/** The API's object for an upload. */
export function toUpload(row: UploadRow): OpenAI.Upload {
  const { filename, purpose, bytes, file = null } = uploadBody(row);
  const { id, created_at, expires_at, status } = row;
  return {
    id,
    object: 'upload',
    bytes,
    created_at,
    filename,
    purpose,
    status,
    expires_at,
    file,
  };
}

export interface NewUpload extends Pick<UploadRow, 'id' | 'created_at' | 'expires_at'> {
  readonly body: UploadBody;
}

export const insertUpload = (db: Database, { body, ...row }: NewUpload): Promise<UploadRow> =>
  db
    .insertInto('uploads')
    .values({ ...row, status: 'pending', body: JSON.stringify(body) })
    .returningAll()
    .executeTakeFirstOrThrow();

/** The upload with this id; locked in a transaction, because what is added to it depends on it. */
export function findUpload(db: Database, id: string): Promise<UploadRow | undefined> {
  const query = db.selectFrom('uploads').selectAll().where('id', '=', id);
  return (needsRowLock(db) ? query.forUpdate() : query).executeTakeFirst();
}

export const insertUploadPart = (
  db: Database,
  part: Omit<UploadPartRow, 'seq'>,
): Promise<UploadPartRow> =>
  db.insertInto('upload_parts').values(part).returningAll().executeTakeFirstOrThrow();

/** The parts of an upload, in the order in which they were added. */
export const listUploadParts = (db: Database, upload_id: string): Promise<UploadPartRow[]> =>
  db
    .selectFrom('upload_parts')
    .selectAll()
    .where('upload_id', '=', upload_id)
    .orderBy('seq')
    .execute();

/** The bytes of all parts of an upload. */
export async function uploadedBytes(db: Database, upload_id: string): Promise<number> {
  const { bytes } = await db
    .selectFrom('upload_parts')
    .select(({ fn }) => fn.sum<number | string | null>('bytes').as('bytes'))
    .where('upload_id', '=', upload_id)
    .executeTakeFirstOrThrow();
  return Number(bytes ?? 0);
}

interface UploadEnd {
  readonly status: Exclude<UploadRow['status'], 'pending'>;
  readonly file?: OpenAI.FileObject;
  /** Parts whose contents the file takes over. */
  readonly used?: ReadonlySet<string>;
}

/** Ends an upload in a transaction of the caller, and releases the parts that no file takes over. */
export async function endUpload(
  db: Database,
  row: UploadRow,
  { status, file, used = new Set() }: UploadEnd,
): Promise<UploadRow> {
  const parts = await listUploadParts(db, row.id);
  await releaseContents(
    db,
    parts.flatMap(({ id }) => (used.has(id) ? [] : [id])),
  );
  await db.deleteFrom('upload_parts').where('upload_id', '=', row.id).execute();
  const body: UploadBody = { ...uploadBody(row), ...(file && { file }) };
  return db
    .updateTable('uploads')
    .set({ status, body: JSON.stringify(body) })
    .where('id', '=', row.id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

const overdueUploads = (db: Database, now: number) =>
  db
    .selectFrom('uploads')
    .selectAll()
    .where('status', '=', 'pending')
    .where('expires_at', '<=', now);

/** Whether uploads were not completed by `now`, in Unix seconds. */
export const hasExpiredUploads = async (db: Database, now: number): Promise<boolean> =>
  (await overdueUploads(db, now).limit(1).execute()).length > 0;

/** Uploads that one transaction ends. */
const maxEnded = 100;

/** Expires up to 100 uploads that were not completed by `now`, in Unix seconds. */
export async function expireUploads(db: Database, now: number): Promise<void> {
  const query = overdueUploads(db, now).limit(maxEnded);
  const rows = await (needsRowLock(db) ? query.forUpdate() : query).execute();
  for (const row of rows) await endUpload(db, row, { status: 'expired' });
}

/** How long an upload that has ended is remembered, in seconds. */
const endedLifetime = 24 * 60 * 60;

/** Forgets uploads that ended a day ago; `now` in Unix seconds. */
export async function forgetUploads(db: Database, now: number): Promise<void> {
  const ended = ['status', '<>', 'pending'] as const;
  const isOld = ['expires_at', '<=', now - endedLifetime] as const;
  const query = db.selectFrom('uploads').select('id');
  const oldest = await query
    .where(...ended)
    .where(...isOld)
    .limit(1)
    .executeTakeFirst();
  // A statement that deletes nothing would make other processes wait too.
  if (oldest === undefined) return;
  await db
    .deleteFrom('uploads')
    .where(...ended)
    .where(...isOld)
    .execute();
}
