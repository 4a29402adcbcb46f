import type { ApiObject } from '../../schema/objects/index.ts';
import type { ListedTable } from '../store/raw-rows.ts';
import type { Database } from '../store/schema.ts';
import type { Changes } from './changes.ts';
import type { LocatedObject } from './object-reader.ts';
import type { ImportClock } from './run-rows.ts';

/** An imported run that requires tool outputs. */
export interface PendingRun {
  readonly thread_id: string;
  /** Its `state` column as imported. */
  readonly state: string;
  /** Whether the file had the run's turns, as our own exports do. */
  readonly hasTurns: boolean;
}

export interface ImportOptions extends ImportClock {
  /** Overwrite objects whose id exists, instead of rejecting the file. */
  readonly replace: boolean;
  /** Runs imported so far that require tool outputs, by id; later files may have their steps. */
  readonly waiting: Map<string, PendingRun>;
  /** Threads that earlier files only named, which a later file may have; absent: none. */
  readonly madeThreads?: Set<string>;
  /** Receives what the import did differently from what the file says. */
  readonly changes?: Changes;
  /** Aborts the import; the transaction of the current file is rolled back. */
  readonly signal: AbortSignal;
}

/** The number of objects of each kind in a file. */
export type Counts = Readonly<MutableCounts>;

/** `file` and `vector_store` are absent for a file without them. */
type MutableCounts = Record<ApiObject['object'], number> & {
  file?: number;
  vector_store?: number;
};

/** A thread or run that objects name and that does not exist yet. */
export interface MissingParent {
  readonly table: 'threads' | 'runs';
  readonly id: string;
  /** Where it is named first. */
  readonly at: LocatedObject['at'];
  /** The oldest time of the objects that name it; null without one. */
  created_at: number | null;
}

/** A file of the import whose content has not arrived completely. */
export interface OpenFile {
  readonly content_id: string;
  readonly bytes: number;
  received: number;
  pieces: number;
  readonly at: LocatedObject['at'];
}

/** The state of one file's import. */
export interface ImportSession {
  readonly db: Database;
  readonly options: ImportOptions;
  /** The highest `seq` of each table before this file. */
  readonly maxSeqBefore: ReadonlyMap<ListedTable, number>;
  readonly changes: Changes;
  readonly madeThreads: Set<string>;
  /** Threads and runs that do not exist yet. */
  readonly unresolvedParents: Map<string, MissingParent>;
  /** The last thread and run, which the next object most likely belongs to. */
  readonly lastParent: Map<ListedTable, string>;
  /** Steps in progress. */
  readonly openSteps: { readonly run_id: string; readonly id: string }[];
  readonly counts: MutableCounts;
  /** The files of the import, by id. */
  readonly files: Map<string, OpenFile>;
  /** The ids of the vector stores of the import. */
  readonly vectorStores: Set<string>;
}
