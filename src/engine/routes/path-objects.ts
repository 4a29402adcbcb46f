import type { Context } from 'hono';
import { findAssistant, lockAssistant } from '../store/assistants.ts';
import { type AssistantRow } from '../store/schema.ts';
import { findMessage } from '../store/messages.ts';
import { type MessageRow } from '../store/schema.ts';
import { findRun } from '../store/runs.ts';
import { type RunRow } from '../store/schema.ts';
import type { Database } from '../store/schema.ts';
import { findStep } from '../store/steps.ts';
import { type StepRow } from '../store/schema.ts';
import { findThread } from '../store/threads.ts';
import { type ThreadRow } from '../store/schema.ts';
import { ApiError } from '../../shared/errors.ts';
import { errors, type Kind, kinds } from '../http/errors.ts';

/*
 * What is there is served whatever its id looks like, because people bring their old ids along.
 * For what is not there, an id of the wrong shape is a 400 that comes before the body is looked at,
 * and one of the right shape a 404 that comes after (contract §2.2, order of checks).
 */
type Find<Row> = (id: string) => Promise<Row | undefined>;

/** An id, and what it is said to be the id of. */
type Named = readonly [kind: Kind, id: string];

const isMalformed = ([kind, id]: Named): boolean => !id.startsWith(kinds[kind].prefix);

/** Looks for what `named` says; where it is not, nothing `within` it is either. */
async function find<Row>(named: Named, by: Find<Row>, within: readonly Named[] = []): Promise<Row> {
  const row = await by(named[1]);
  if (row !== undefined) return row;
  const malformed = [named, ...within].find(isMalformed);
  throw malformed === undefined ? errors.notFound(...named) : errors.malformedId(...malformed);
}

/** As paths have them: what comes later is within what comes before. */
const nesting = ['assistant', 'thread', 'message', 'run', 'step'] as const satisfies Kind[];

const pathId = (context: Context, kind: Kind): string => context.req.param(kinds[kind].param) ?? '';

function findInPath<Row>(context: Context, kind: Kind, by: Find<Row>): Promise<Row> {
  const named = (each: Kind): Named => [each, pathId(context, each)];
  const later = nesting.slice(nesting.indexOf(kind) + 1).map(named);
  const within = later.filter(([, id]) => id !== '');
  return find(named(kind), by, within);
}

export const requireAssistant = (db: Database, id: string): Promise<AssistantRow> =>
  find(['assistant', id], (wanted) => findAssistant(db, wanted));

export const assistantFromPath = (db: Database, context: Context): Promise<AssistantRow> =>
  findInPath(context, 'assistant', (id) => lockAssistant(db, id));

export const threadFromPath = (db: Database, context: Context): Promise<ThreadRow> =>
  findInPath(context, 'thread', (id) => findThread(db, id));

/** A message of the path's thread; the thread is looked up first. */
export async function messageFromPath(db: Database, context: Context): Promise<MessageRow> {
  const thread = await threadFromPath(db, context);
  return findInPath(context, 'message', (id) => findMessage(db, thread.id, id));
}

/** A run of the path's thread; the thread is looked up first. */
export async function runFromPath(db: Database, context: Context): Promise<RunRow> {
  const thread = await threadFromPath(db, context);
  return findInPath(context, 'run', (id) => findRun(db, thread.id, id));
}

/** A step of the path's run; thread and run are looked up first. */
export async function stepFromPath(db: Database, context: Context): Promise<StepRow> {
  const run = await runFromPath(db, context);
  return findInPath(context, 'step', (id) => findStep(db, run.id, id));
}

/**
 * Reads an operation's body between the two checks of its path: ids of the wrong shape are refused
 * before the body, missing objects after it.
 */
export async function parseBetweenChecks<Row, Body>(
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
