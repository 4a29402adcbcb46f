import type { Context } from 'hono';
import { type AssistantRow, findAssistant, lockAssistant } from '../store/assistants.ts';
import { findMessage, type MessageRow } from '../store/messages.ts';
import { findRun, type RunRow } from '../store/runs.ts';
import type { Database } from '../store/schema.ts';
import { findStep, type StepRow } from '../store/steps.ts';
import { findThread, type ThreadRow } from '../store/threads.ts';
import { ApiError, errors, type Kind, kinds } from '../http/errors.ts';

/*
 * What is there is served whatever its id looks like, because people bring their old ids along.
 * For what is not there, an id of the wrong shape is a 400 that comes before the body is looked at,
 * and one of the right shape a 404 that comes after (contract §2.2, order of checks).
 */

type Find<Row> = (id: string) => Promise<Row | undefined>;

async function find<Row>(kind: Kind, id: string, by: Find<Row>): Promise<Row> {
  const row = await by(id);
  if (row !== undefined) return row;
  throw id.startsWith(kinds[kind].prefix) ? errors.unknown(kind, id) : errors.malformed(kind, id);
}

const pathId = (context: Context, kind: Kind): string => context.req.param(kinds[kind].param) ?? '';

export const lookUpAssistant = (db: Database, id: string): Promise<AssistantRow> =>
  find('assistant', id, (wanted) => findAssistant(db, wanted));

const lookUpThread = (db: Database, id: string): Promise<ThreadRow> =>
  find('thread', id, (wanted) => findThread(db, wanted));

export const pathAssistant = (db: Database, context: Context): Promise<AssistantRow> =>
  find('assistant', pathId(context, 'assistant'), (id) => lockAssistant(db, id));

export const pathThread = (db: Database, context: Context): Promise<ThreadRow> =>
  lookUpThread(db, pathId(context, 'thread'));

/** A message of the path's thread; the thread is looked up first. */
export async function pathMessage(db: Database, context: Context): Promise<MessageRow> {
  const thread = await pathThread(db, context);
  return find('message', pathId(context, 'message'), (id) => findMessage(db, thread.id, id));
}

/** A run of the path's thread; the thread is looked up first. */
export async function pathRun(db: Database, context: Context): Promise<RunRow> {
  const thread = await pathThread(db, context);
  return find('run', pathId(context, 'run'), (id) => findRun(db, thread.id, id));
}

/** A step of the path's run; thread and run are looked up first. */
export async function pathStep(db: Database, context: Context): Promise<StepRow> {
  const run = await pathRun(db, context);
  return find('step', pathId(context, 'step'), (id) => findStep(db, run.id, id));
}

/**
 * Reads an operation's body between the two checks of its path: ids of the wrong shape are refused
 * before the body, missing objects after it.
 */
export async function withBody<Row, Body>(
  lookUp: Promise<Row>,
  body: () => Promise<Body>,
): Promise<[Row, Body]> {
  let row: Row;
  try {
    row = await lookUp;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) await body();
    throw error;
  }
  return [row, await body()];
}
