import type OpenAI from 'openai';
import { sql } from 'kysely';
import type { activeStatuses } from '../../shared/run-status.ts';
import { queueNotification } from './notifications.ts';
import { isActive } from './run-filters.ts';
import { needsRowLock } from './capabilities.ts';
import { readWithoutWaiting } from './durability.ts';
import { notBefore, type Page, type PageQuery, selectPage } from './keyset-page.ts';
import { type Database, decode, type RunRow, type RunSettings, type RunState } from './schema.ts';

type Run = OpenAI.Beta.Threads.Run;

/** Rows never change, and their settings may be large. */
const decodedSettings = new WeakMap<RunRow, RunSettings>();

/** The settings of a run; not to be changed. */
export function runSettings(row: RunRow): RunSettings {
  const settings = decodedSettings.get(row) ?? decode<RunSettings>(row.settings);
  decodedSettings.set(row, settings);
  return settings;
}

/** All columns but the settings: a run keeps those that it was created with. */
export const changingColumns = [
  'seq',
  'id',
  'created_at',
  'thread_id',
  'status',
  'deadline',
  'lease_token',
  'lease_until',
  'metadata',
  'state',
] as const;

/** A run without its settings. */
export type RunProgressRow = Omit<RunRow, 'settings'>;

/** A newer row of `run`, read without its settings. */
export function withSettingsOf(run: RunRow, newer: RunProgressRow): RunRow {
  const row = { ...newer, settings: run.settings };
  decodedSettings.set(row, runSettings(run));
  return row;
}

export const runState = (row: Pick<RunRow, 'state'>): RunState => decode(row.state);

/** `instructions` may be null on the wire, whatever the SDK's type says (contract §4.4). */
const wireInstructions = (instructions: string | null): string =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the SDK's type is narrower than the wire
  instructions as string;

/** The object of contract §4.4, its fields in the order of OpenAI's responses. */
export function toRun(row: RunRow): Run {
  const { assistant_id, model, instructions, tools, ...settings } = runSettings(row);
  const { tool_resources, temperature, top_p, reasoning_effort, ...limits } = settings;
  const { max_completion_tokens, max_prompt_tokens, truncation_strategy, ...choices } = limits;
  const { incomplete_details, usage, ...state } = runState(row);
  // The SDK's type does not know these two fields, and would reject them in the literal.
  const [files, effort] = [{ tool_resources }, { reasoning_effort }];
  return {
    id: row.id,
    object: 'thread.run',
    created_at: row.created_at,
    assistant_id,
    thread_id: row.thread_id,
    status: row.status,
    ...state,
    model,
    instructions: wireInstructions(instructions),
    tools,
    ...files,
    metadata: decode<Record<string, string>>(row.metadata),
    temperature: temperature ?? 1,
    top_p: top_p ?? 1,
    ...effort,
    max_completion_tokens,
    max_prompt_tokens,
    truncation_strategy,
    incomplete_details,
    usage,
    ...choices,
  };
}

/** The fields of a run that can change, with those that identify it. */
export const toRunProgress = (row: RunProgressRow) => ({
  id: row.id,
  object: 'thread.run' as const,
  created_at: row.created_at,
  thread_id: row.thread_id,
  status: row.status,
  ...runState(row),
  metadata: decode<Record<string, string>>(row.metadata),
});

/** The execution that may write to a run, and until when (milliseconds since the epoch). */
export type Lease = Pick<RunRow, 'lease_token' | 'lease_until'>;

/** Any worker may claim the run. */
export const noLease: Lease = { lease_token: null, lease_until: null };

export interface NewRun {
  readonly id: string;
  readonly created_at: number;
  readonly thread_id: string;
  readonly deadline: number;
  readonly metadata: Record<string, string>;
  readonly settings: RunSettings;
  readonly state: RunState;
}

/** Appends a run to its thread, queued. */
export const insertRun = async (db: Database, run: NewRun): Promise<RunRow> => {
  const settings = JSON.stringify(run.settings);
  const newest = sql`(select max(created_at) from runs where thread_id = ${run.thread_id})`;
  const row = await db
    .insertInto('runs')
    .values({
      ...run,
      created_at: notBefore(newest, run.created_at),
      ...noLease,
      status: 'queued',
      metadata: JSON.stringify(run.metadata),
      settings,
      state: JSON.stringify(run.state),
    })
    .returning(changingColumns)
    .executeTakeFirstOrThrow();
  const inserted = { ...row, settings };
  decodedSettings.set(inserted, run.settings);
  return queueNotification(db, inserted);
};

export const findRun = (db: Database, thread_id: string, id: string): Promise<RunRow | undefined> =>
  db
    .selectFrom('runs')
    .selectAll()
    .where('thread_id', '=', thread_id)
    .where('id', '=', id)
    .$if(needsRowLock(db), (query) => query.forNoKeyUpdate())
    .executeTakeFirst();

/** A run without its settings, which may be large. */
export const findRunProgress = (
  db: Database,
  thread_id: string,
  id: string,
): Promise<RunProgressRow | undefined> =>
  db
    .selectFrom('runs')
    .select(changingColumns)
    .where('thread_id', '=', thread_id)
    .where('id', '=', id)
    .executeTakeFirst();

export const listRuns = (db: Database, thread_id: string, page: PageQuery): Promise<Page<RunRow>> =>
  selectPage(db.selectFrom('runs').selectAll().where('thread_id', '=', thread_id), page);

/** The run that locks a thread, if there is one. */
export const findActiveRun = (
  db: Database,
  thread_id: string,
): Promise<RunProgressRow | undefined> =>
  db
    .selectFrom('runs')
    .select(changingColumns)
    .where('thread_id', '=', thread_id)
    .where(isActive)
    .$if(needsRowLock(db), (query) => query.forNoKeyUpdate())
    .executeTakeFirst();

/** The columns that a status transition changes. */
export interface RunChange extends Lease {
  readonly status: RunRow['status'];
  readonly state: RunState;
}

export const updateRun = async (db: Database, run: RunRow, change: RunChange): Promise<RunRow> => {
  const row = await db
    .updateTable('runs')
    .set({ ...change, state: JSON.stringify(change.state) })
    .where('id', '=', run.id)
    .returning(changingColumns)
    .executeTakeFirstOrThrow();
  return queueNotification(db, withSettingsOf(run, row));
};

export const updateRunMetadata = async (
  db: Database,
  run: RunRow,
  metadata: Record<string, string>,
): Promise<RunRow> => {
  const row = await db
    .updateTable('runs')
    .set({ metadata: JSON.stringify(metadata) })
    .where('id', '=', run.id)
    .returning(changingColumns)
    .executeTakeFirstOrThrow();
  return withSettingsOf(run, row);
};

/** The number of active runs by status. */
export type ActiveRuns = Readonly<Record<(typeof activeStatuses)[number], number>>;

/** Counts active runs by status; reads an index that holds no ended runs. */
export async function countActiveRuns(db: Database): Promise<ActiveRuns> {
  const query = db
    .selectFrom('runs')
    .select((select) => ['status', select.fn.countAll<number>().as('count')])
    .where(isActive)
    .groupBy('status');
  const rows = await readWithoutWaiting(db, query);
  const countOf = (status: string) => rows.find((row) => row.status === status)?.count ?? 0;
  return {
    queued: countOf('queued'),
    in_progress: countOf('in_progress'),
    requires_action: countOf('requires_action'),
    cancelling: countOf('cancelling'),
  };
}
