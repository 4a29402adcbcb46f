import { storedBytes } from '../store/files.ts';
import type { Database } from '../store/schema.ts';
import { fileErrors } from './file-errors.ts';

/** Limits of stored files, in bytes. */
export interface FileLimits {
  /** Of one file that is uploaded in one request. */
  readonly maxFileBytes: number;
  /** Of all files and parts of uploads together. */
  readonly maxStorageBytes: number;
}

/** An upload in parts may be this many times as large as a file in one request: 8 GB. */
export const maxUploadFactor = 16;

/** The bytes that may still be stored; negative: there are more already. */
export const freeBytes = async (db: Database, { maxStorageBytes }: FileLimits): Promise<number> =>
  maxStorageBytes - (await storedBytes(db));

/** Throws where the files in the database and `added` bytes are more than may be stored. */
export async function checkStorage(db: Database, limits: FileLimits, added: number): Promise<void> {
  if (added > (await freeBytes(db, limits))) {
    throw fileErrors.storageExceeded(limits.maxStorageBytes);
  }
}
