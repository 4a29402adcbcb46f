import type { ApiObject } from '../../schema/objects/index.ts';
import type { ListedTable } from '../store/raw-rows.ts';
import type { Database } from '../store/schema.ts';
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
  /** Aborts the import; the transaction of the current file is rolled back. */
  readonly signal: AbortSignal;
}

/** The number of objects of each kind in a file. */
export type Counts = Readonly<Record<ApiObject['object'], number>>;

/** The state of one file's import. */
export interface ImportSession {
  readonly db: Database;
  readonly options: ImportOptions;
  /** The highest `seq` of each table before this file. */
  readonly maxSeqBefore: ReadonlyMap<ListedTable, number>;
  /** Threads and runs that do not exist yet, with the error for the first object that names them. */
  readonly unresolvedParents: Map<string, { readonly location: string; readonly sentence: string }>;
  /** The last thread and run, which the next object most likely belongs to. */
  readonly lastParent: Map<ListedTable, string>;
  /** Steps in progress. */
  readonly openSteps: { readonly run_id: string; readonly id: string }[];
  readonly counts: Record<ApiObject['object'], number>;
}
