import type OpenAI from 'openai';
import type { Generated, Selectable } from 'kysely';

/** The tables of local vector stores. The chunks of their files are in a table of their own. */
export interface VectorStoreTables {
  vector_stores: VectorStoreTable;
  vector_store_files: VectorStoreFileTable;
  vector_store_file_batches: FileBatchTable;
}

interface VectorStoreTable {
  seq: Generated<number>;
  id: string;
  /** Unix seconds, like all times here that say nothing else. */
  created_at: number;
  last_active_at: number;
  /** Null: never. */
  expires_at: number | null;
  /** 1 once the chunks of an expired store are deleted. */
  is_cleared: Generated<number>;
  body: string;
}

/** A file in a vector store. The rows `in_progress` are the queue of files to be read. */
interface VectorStoreFileTable {
  seq: Generated<number>;
  vector_store_id: string;
  file_id: string;
  created_at: number;
  status: OpenAI.VectorStores.VectorStoreFile['status'];
  batch_id: string | null;
  /** The bytes of the file's chunks. */
  usage_bytes: number;
  attributes: string;
  body: string;
  /** For each chunk, how many characters of it the one before has too; null until the file is read. */
  overlaps: string | null;
  /** Identifies the one process that may write the file's chunks; null while none reads it. */
  lease_token: string | null;
  /** Milliseconds since the epoch until which the lease is valid. */
  lease_until: number | null;
  /** How often a process began to read the file. */
  attempts: Generated<number>;
}

interface FileBatchTable {
  seq: Generated<number>;
  id: string;
  created_at: number;
  vector_store_id: string;
  /** 1: cancelled. */
  is_cancelled: Generated<number>;
}

export type VectorStoreRow = Readonly<Selectable<VectorStoreTable>>;
export type FileBatchRow = Readonly<Selectable<FileBatchTable>>;
/** A file of a vector store, without what only reading it and its content need. */
export type StoreFileRow = Readonly<
  Omit<Selectable<VectorStoreFileTable>, 'overlaps' | 'lease_until'>
>;
