import { parseApiObject } from '../../../schema/objects/index.ts';
import { findRows, type ListedTable } from '../../store/raw-rows.ts';
import type { Database } from '../../store/schema.ts';
import { importObjects } from '../importer.ts';
import { ImportError } from '../import-source.ts';
import type { ImportClock } from '../run-rows.ts';
import type { JsonObject, Kind } from './normalize.ts';
import { Problems } from './problems.ts';
import { type Source, SourceError } from './source.ts';

/** Told how far an import is. */
export interface PullProgress {
  /** The number of threads is known. */
  start(threadCount: number): void;
  /** Objects were stored, or found to be there already. */
  update(counts: PullCounts): void;
  /** A thread is complete. */
  advance(): void;
}

export type PullCounts = Readonly<Record<Kind | 'file', number>>;

export interface PullOptions extends ImportClock {
  readonly db: Database;
  readonly source: Source;
  /** The base URL of the server. */
  readonly url: string;
  /** Ids of the threads to import; null: all that the server lists. */
  readonly threads: readonly string[] | null;
  /** Reads and checks everything, and stores nothing. */
  readonly isDryRun: boolean;
  /** False if the model endpoint here has the server's files under the same ids. */
  readonly copiesFiles: boolean;
  /** Whether this database keeps files; else the model endpoint may have the copied ones. */
  readonly keepsFiles: boolean;
  /** Larger files are not copied. */
  readonly maxFileBytes: number;
  readonly signal: AbortSignal;
  readonly progress: PullProgress;
}

/** The state of one import from a server. */
export interface PullSession {
  readonly options: PullOptions;
  readonly problems: Problems;
  readonly counts: Record<Kind | 'file', number>;
  /** The number of objects that were there already. */
  kept: number;
  /** The models of the server's assistants, by their ids. */
  readonly models: Map<string, string>;
  /** Ids of files that have been dealt with. */
  readonly seenFiles: Set<string>;
  /** What the server gave at least once, such as `messages`. */
  readonly readable: Set<string>;
}

export const openPullSession = (options: PullOptions): PullSession => ({
  options,
  problems: new Problems(),
  counts: {
    assistant: 0,
    thread: 0,
    'thread.message': 0,
    'thread.run': 0,
    'thread.run.step': 0,
    file: 0,
  },
  kept: 0,
  models: new Map(),
  seenFiles: new Set(),
  readable: new Set(),
});

/** An object of the server, under the API's names. */
export interface PulledObject {
  readonly kind: Kind;
  readonly id: string;
  /** What messages call it, such as `message msg_abc of thread_abc`. */
  readonly label: string;
  readonly value: JsonObject;
  /** Objects that are stored together with this one or not at all. */
  readonly children?: readonly PulledObject[];
}

const tables = {
  assistant: 'assistants',
  thread: 'threads',
  'thread.message': 'messages',
  'thread.run': 'runs',
  'thread.run.step': 'steps',
} as const satisfies Record<Kind, ListedTable>;

/** Whether an object passes the importer's checks; names it if not. */
function isValid({ problems }: PullSession, { label, value }: PulledObject): boolean {
  const parsed = parseApiObject(value);
  if (!('problem' in parsed)) return true;
  problems.add(label, parsed.problem.message);
  return false;
}

/** The objects whose ids are unknown here. */
async function selectMissing(
  session: PullSession,
  objects: readonly PulledObject[],
): Promise<readonly PulledObject[]> {
  const [first] = objects;
  if (first === undefined) return [];
  const ids = objects.map(({ id }) => id);
  const rows = await findRows(session.options.db, tables[first.kind], ids);
  return objects.filter(({ id, label, value }) => {
    const row = rows.get(id);
    if (row === undefined) return true;
    if (row.thread_id === undefined || row.thread_id === value['thread_id']) session.kept += 1;
    else session.problems.add(label, `Its id is used in thread ${row.thread_id} here.`);
    return false;
  });
}

function countDry(session: PullSession, objects: readonly PulledObject[]): void {
  for (const { kind, children = [] } of objects) {
    session.counts[kind] += 1;
    countDry(session, children);
  }
}

/** Stores objects in one transaction. Throws an {@link ImportError}. */
async function storeTogether(
  session: PullSession,
  objects: readonly PulledObject[],
): Promise<void> {
  const { db, now, lifetime, signal, isDryRun } = session.options;
  if (isDryRun || objects.length === 0) return countDry(session, objects);
  const located = objects
    .flatMap((object) => [object, ...(object.children ?? [])])
    .map(({ value, label }) => ({ value, isReference: false, at: () => label }));
  const waiting = new Map();
  const options = { replace: false, now, lifetime, signal, waiting };
  const counts = await importObjects(db, located, options);
  for (const [kind, count] of Object.entries(counts)) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.entries forgets the names
    session.counts[kind as Kind] += count;
  }
}

/**
 * Stores objects of one kind that are not here yet, in one transaction. Those that the importer's checks
 * refuse are named instead. Resolves to the objects that passed the checks.
 */
export async function store(
  session: PullSession,
  objects: readonly PulledObject[],
): Promise<readonly PulledObject[]> {
  const valid = objects
    .filter((object) => isValid(session, object))
    .map((object) => ({
      ...object,
      children: (object.children ?? []).filter((child) => isValid(session, child)),
    }));
  const missing = await selectMissing(session, valid);
  try {
    await storeTogether(session, missing);
  } catch (error) {
    if (!(error instanceof ImportError)) throw error;
    const [single] = missing;
    if (missing.length > 1) for (const object of missing) await store(session, [object]);
    else if (single !== undefined) {
      session.problems.add(single.label, error.message.replace(`${single.label}: `, ''));
    }
  }
  session.options.progress.update(session.counts);
  return valid;
}

/** What `attempt` reads. */
type Resource = 'thread' | 'messages' | 'runs' | 'steps' | 'file';

/** Whether no other request of this import would succeed either, because the key is not accepted. */
const isDenied = (
  { status }: SourceError,
  resource: Resource,
  { readable }: PullSession,
): boolean => status === 401 || (status === 403 && resource !== 'file' && !readable.has(resource));

/** Reads something of the server; names it if the server does not have it. Resolves to whether it has. */
export async function attempt(
  session: PullSession,
  resource: Resource,
  owner: string,
  work: () => Promise<void>,
): Promise<boolean> {
  try {
    await work();
    session.readable.add(resource);
    return true;
  } catch (error) {
    if (!(error instanceof SourceError) || isDenied(error, resource, session)) throw error;
    session.problems.add(`${resource} ${owner}`, error.message);
    return false;
  }
}
