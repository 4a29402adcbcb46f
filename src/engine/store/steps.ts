import type OpenAI from 'openai';
import { sql } from 'kysely';
import { notBefore, type Page, type PageQuery, selectPage } from './keyset-page.ts';
import { type Database, decode, type StepRow, type Usage } from './schema.ts';

type RunStep = OpenAI.Beta.Threads.Runs.RunStep;

/** The fields of a step without its ids. OpenAI sent `expires_at`, its schema has `expired_at`: keep both. */
export interface StepBody extends Pick<
  RunStep,
  | 'assistant_id'
  | 'type'
  | 'status'
  | 'cancelled_at'
  | 'completed_at'
  | 'expired_at'
  | 'failed_at'
  | 'last_error'
  | 'step_details'
> {
  expires_at: number | null;
  usage: Usage | null;
}

export const stepBody = (row: Pick<StepRow, 'body'>): StepBody => decode(row.body);

/** The object of contract §6. */
export function toStep(row: StepRow): RunStep {
  const { assistant_id, ...body } = stepBody(row);
  return {
    id: row.id,
    object: 'thread.run.step',
    created_at: row.created_at,
    run_id: row.run_id,
    assistant_id,
    thread_id: row.thread_id,
    ...body,
    metadata: {},
  };
}

export interface NewStep {
  readonly id: string;
  readonly created_at: number;
  readonly thread_id: string;
  readonly run_id: string;
  readonly body: StepBody;
}

/** Appends a step to its run. */
export function insertStep(db: Database, step: NewStep): Promise<StepRow> {
  const newest = sql`(select max(created_at) from steps where run_id = ${step.run_id})`;
  return db
    .insertInto('steps')
    .values({
      ...step,
      created_at: notBefore(newest, step.created_at),
      body: JSON.stringify(step.body),
    })
    .returningAll()
    .executeTakeFirstOrThrow();
}

export const findStep = (db: Database, run_id: string, id: string): Promise<StepRow | undefined> =>
  db
    .selectFrom('steps')
    .selectAll()
    .where('run_id', '=', run_id)
    .where('id', '=', id)
    .executeTakeFirst();

export const listSteps = (db: Database, run_id: string, page: PageQuery): Promise<Page<StepRow>> =>
  selectPage(db.selectFrom('steps').selectAll().where('run_id', '=', run_id), page);

/** All steps of a run, oldest first. */
export const runSteps = (db: Database, run_id: string): Promise<StepRow[]> =>
  db.selectFrom('steps').selectAll().where('run_id', '=', run_id).orderBy('seq').execute();

/** The steps of a run that are in progress, oldest first. */
export async function openSteps(db: Database, run_id: string): Promise<StepRow[]> {
  const rows = await runSteps(db, run_id);
  return rows.filter((row) => stepBody(row).status === 'in_progress');
}

export const updateStep = (db: Database, id: string, body: StepBody): Promise<StepRow> =>
  db
    .updateTable('steps')
    .set({ body: JSON.stringify(body) })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow(() => new Error('a step was lost in a crash of the database'));

export const deleteStep = async (db: Database, id: string): Promise<void> => {
  await db.deleteFrom('steps').where('id', '=', id).execute();
};
