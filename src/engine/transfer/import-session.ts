import type { ListedTable } from '../store/raw-rows.ts';
import type { Database } from '../store/schema.ts';
import type { ApiObject } from '../../schema/objects/index.ts';
import type { ImportClock } from './run-rows.ts';

/** A run that waits for outputs, as it was brought in. */
export interface PendingRun {
  readonly thread_id: string;
  readonly state: string;
  /** Whether it came with the transcript that it goes on from. */
  readonly hasTurns: boolean;
}

export interface ImportOptions extends ImportClock {
  /** An object whose id is taken takes its place; otherwise the file is refused. */
  readonly replace: boolean;
  /** Runs brought in so far that wait for outputs, by id; later files may bring their steps. */
  readonly waiting: Map<string, PendingRun>;
  /** Breaks the import off; the file under way then leaves nothing behind. */
  readonly signal: AbortSignal;
}

/** How many objects of each kind a file had. */
export type Counts = Readonly<Record<ApiObject['object'], number>>;

/** One file on its way into the database. */
export interface ImportSession {
  readonly db: Database;
  readonly options: ImportOptions;
  /** The newest rows that were there before. */
  readonly maxSeqBefore: ReadonlyMap<ListedTable, number>;
  /** Threads and runs that have been named and are not there yet: by whom first. */
  readonly unresolvedParents: Map<string, { readonly place: string; readonly sentence: string }>;
  /** The thread and the run seen last, which the next object most likely belongs to. */
  readonly lastParent: Map<ListedTable, string>;
  /** Steps that are not at their end. */
  readonly openSteps: { readonly run_id: string; readonly id: string }[];
  readonly counts: Record<ApiObject['object'], number>;
}
