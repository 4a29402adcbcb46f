import type OpenAI from 'openai';
import { sql } from 'kysely';
import {
  type Cursor,
  type Page,
  type PageQuery,
  type Period,
  selectPage,
  withinPeriod,
} from './keyset-page.ts';
import { runState } from './runs.ts';
import { type Database, decode, type RunRow, type RunSettings } from './schema.ts';

/** A run without its settings, which may be large: `GET /runs` lists these. */
export type RunOverview = { readonly object: 'thread.run.overview' } & Pick<
  OpenAI.Beta.Threads.Run,
  | 'id'
  | 'created_at'
  | 'assistant_id'
  | 'thread_id'
  | 'status'
  | 'started_at'
  | 'expires_at'
  | 'cancelled_at'
  | 'failed_at'
  | 'completed_at'
  | 'required_action'
  | 'last_error'
  | 'model'
  | 'incomplete_details'
  | 'usage'
>;

const overviewColumns = ['seq', 'id', 'created_at', 'thread_id', 'status', 'state'] as const;

export interface RunOverviewRow extends Pick<RunRow, (typeof overviewColumns)[number]> {
  readonly assistant_id: string;
  readonly model: string;
}

/** Settings begin with the assistant and the model: these are read without the rest. */
const settingsPattern = /^\{"assistant_id":("(?:[^"\\]|\\.)*"),"model":("(?:[^"\\]|\\.)*")/u;
const settingsStart = sql<string>`substr(settings, 1, 2000)`.as('settings_start');

type SelectedRow = Pick<RunRow, (typeof overviewColumns)[number]> & {
  readonly settings_start: string;
};

const selectOverviews = (db: Database) =>
  db.selectFrom('runs').select(overviewColumns).select(settingsStart);

async function toOverviewRow(
  db: Database,
  { settings_start, ...row }: SelectedRow,
): Promise<RunOverviewRow> {
  const [, assistant, model] = settingsPattern.exec(settings_start) ?? [];
  if (assistant !== undefined && model !== undefined) {
    return { ...row, assistant_id: decode(assistant), model: decode(model) };
  }
  const { settings } = await db
    .selectFrom('runs')
    .select('settings')
    .where('id', '=', row.id)
    .executeTakeFirstOrThrow();
  return { ...row, ...decode<Pick<RunSettings, 'assistant_id' | 'model'>>(settings) };
}

const toOverviewRows = async (db: Database, rows: readonly SelectedRow[]) =>
  Promise.all(rows.map((row) => toOverviewRow(db, row)));

/** The object of `GET /runs`. */
export function toRunOverview(row: RunOverviewRow): RunOverview {
  const { incomplete_details, usage, required_action, last_error, ...times } = runState({
    state: row.state,
  });
  return {
    id: row.id,
    object: 'thread.run.overview',
    created_at: row.created_at,
    assistant_id: row.assistant_id,
    thread_id: row.thread_id,
    status: row.status,
    started_at: times.started_at,
    expires_at: times.expires_at,
    cancelled_at: times.cancelled_at,
    failed_at: times.failed_at,
    completed_at: times.completed_at,
    required_action,
    last_error,
    model: row.model,
    incomplete_details,
    usage,
  };
}

/** One page of the runs of all threads. */
export async function listRunOverviews(
  db: Database,
  page: PageQuery,
  period: Period,
): Promise<Page<RunOverviewRow>> {
  const { rows, has_more } = await selectPage(withinPeriod(selectOverviews(db), period), page);
  return { rows: await toOverviewRows(db, rows), has_more };
}

export const runCursor = (db: Database, id: string): Promise<Cursor | undefined> =>
  db.selectFrom('runs').select(['created_at', 'seq']).where('id', '=', id).executeTakeFirst();

/** The newest run of each of these threads. */
export async function newestRuns(
  db: Database,
  thread_ids: readonly string[],
): Promise<ReadonlyMap<string, RunOverviewRow>> {
  if (thread_ids.length === 0) return new Map();
  const newest = db
    .selectFrom('threads')
    .select((thread) =>
      thread
        .selectFrom('runs as run')
        .select('run.id')
        .whereRef('run.thread_id', '=', 'threads.id')
        .orderBy('run.created_at', 'desc')
        .orderBy('run.seq', 'desc')
        .limit(1)
        .as('id'),
    )
    .where('threads.id', 'in', thread_ids);
  const rows = await selectOverviews(db).where('id', 'in', newest).execute();
  const overviews = await toOverviewRows(db, rows);
  return new Map(overviews.map((row) => [row.thread_id, row]));
}
