import type OpenAI from 'openai';
import { type Database, decode, type FileRow } from './schema.ts';

/** The fields of a file's local copy, without its ids and content. */
export interface FileBody {
  readonly filename: string;
  /** Null if unknown. */
  readonly media_type: string | null;
  readonly bytes: number;
  /** Whether the model endpoint has the file under the same id. */
  readonly is_uploaded: boolean;
  /** Absent: code interpreter generated the file. */
  readonly purpose?: OpenAI.FileObject['purpose'];
}

export const fileBody = (row: Pick<FileRow, 'body'>): FileBody => decode(row.body);

/** The API's object for a file with a local copy. */
export function toFile(row: FileRow): OpenAI.FileObject {
  const { filename, bytes, purpose = 'assistants_output' } = fileBody(row);
  return {
    id: row.id,
    object: 'file',
    bytes,
    created_at: row.created_at,
    filename,
    purpose,
    status: 'processed',
  };
}

export interface NewFile {
  readonly id: string;
  readonly created_at: number;
  readonly thread_id: string;
  readonly run_id: string;
  readonly body: FileBody;
  readonly content: Uint8Array;
}

/** Stores a file; does nothing if its id exists. */
export const insertFile = async (db: Database, file: NewFile): Promise<void> => {
  await db
    .insertInto('files')
    .values({ ...file, body: JSON.stringify(file.body) })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
};

export const findFile = (db: Database, id: string): Promise<FileRow | undefined> =>
  db
    .selectFrom('files')
    .select(['id', 'created_at', 'body'])
    .where('id', '=', id)
    .executeTakeFirst();

/** The first of these files that the model endpoint does not have. */
export async function findLocalOnly(
  db: Database,
  ids: readonly string[],
): Promise<string | undefined> {
  if (ids.length === 0) return undefined;
  const rows = await db.selectFrom('files').select(['id', 'body']).where('id', 'in', ids).execute();
  return rows.find((row) => !fileBody(row).is_uploaded)?.id;
}

export async function findContent(
  db: Database,
  id: string,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const row = await db
    .selectFrom('files')
    .select('content')
    .where('id', '=', id)
    .executeTakeFirst();
  return row && new Uint8Array(row.content);
}

export const deleteFile = async (db: Database, id: string): Promise<void> => {
  await db.deleteFrom('files').where('id', '=', id).execute();
};

/** Ids of all files that a run generated, whether or not a message refers to them. */
export async function runFiles(db: Database, run_id: string): Promise<string[]> {
  const rows = await db.selectFrom('files').select('id').where('run_id', '=', run_id).execute();
  return rows.map(({ id }) => id);
}
