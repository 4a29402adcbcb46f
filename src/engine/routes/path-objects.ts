import type { Context } from 'hono';
import { findAssistant, lockAssistant } from '../store/assistants.ts';
import { findMessage } from '../store/messages.ts';
import { findRun, findRunProgress, type RunProgressRow } from '../store/runs.ts';
import type {
  AssistantRow,
  Database,
  MessageRow,
  RunRow,
  StepRow,
  ThreadRow,
} from '../store/schema.ts';
import { findStep } from '../store/steps.ts';
import { findThread } from '../store/threads.ts';
import {
  type FileBatchRow,
  findFileBatch,
  findStoreFile,
  type StoreFileRow,
} from '../store/vector-store-files.ts';
import { findVectorStore, type VectorStoreRow } from '../store/vector-stores.ts';
import { ApiError } from '../../shared/errors.ts';
import { errors, type ObjectKind, objectKinds } from '../http/errors.ts';

/*
 * An object that exists is served whatever its id looks like, because imported objects keep their
 * ids. Of one that does not, an id of the wrong shape is a 400 that comes before the body is checked,
 * and one of the right shape a 404 that comes after (contract §2.2, order of checks).
 */
type FindById<Row> = (id: string) => Promise<Row | undefined>;

type ObjectId = readonly [kind: ObjectKind, id: string];

const isMalformed = ([kind, id]: ObjectId): boolean => !id.startsWith(objectKinds[kind].prefix);

/** Finds an object; `nested` are the ids of objects within it, whose shape is checked too. */
async function requireObject<Row>(
  objectId: ObjectId,
  findById: FindById<Row>,
  nested: readonly ObjectId[] = [],
): Promise<Row> {
  const row = await findById(objectId[1]);
  if (row !== undefined) return row;
  const malformed = [objectId, ...nested].find(isMalformed);
  throw malformed === undefined ? errors.notFound(...objectId) : errors.malformedId(...malformed);
}

/** In the order of paths: each kind may be nested in those before it. */
const nesting = ['assistant', 'thread', 'message', 'run', 'step'] as const satisfies ObjectKind[];

const pathId = (context: Context, kind: ObjectKind): string =>
  context.req.param(objectKinds[kind].param) ?? '';

function objectFromPath<Row>(
  context: Context,
  kind: ObjectKind,
  findById: FindById<Row>,
): Promise<Row> {
  const toObjectId = (each: ObjectKind): ObjectId => [each, pathId(context, each)];
  const depth = nesting.findIndex((each) => each === kind);
  const nested = nesting.slice(depth + 1).map(toObjectId);
  return requireObject(
    toObjectId(kind),
    findById,
    nested.filter(([, id]) => id !== ''),
  );
}

export const requireAssistant = (db: Database, id: string): Promise<AssistantRow> =>
  requireObject(['assistant', id], () => findAssistant(db, id));

export const assistantFromPath = (db: Database, context: Context): Promise<AssistantRow> =>
  objectFromPath(context, 'assistant', (id) => lockAssistant(db, id));

export const threadFromPath = (db: Database, context: Context): Promise<ThreadRow> =>
  objectFromPath(context, 'thread', (id) => findThread(db, id));

/** A message of the path's thread; the thread is checked first. */
export async function messageFromPath(db: Database, context: Context): Promise<MessageRow> {
  const thread = await threadFromPath(db, context);
  return objectFromPath(context, 'message', (id) => findMessage(db, thread.id, id));
}

type FindRun<Row> = (db: Database, thread_id: string, id: string) => Promise<Row | undefined>;

async function findFromPath<Row>(db: Database, context: Context, find: FindRun<Row>) {
  const thread = await threadFromPath(db, context);
  return objectFromPath(context, 'run', (id) => find(db, thread.id, id));
}

/** A run of the path's thread; the thread is checked first. */
export const runFromPath = (db: Database, context: Context): Promise<RunRow> =>
  findFromPath(db, context, findRun);

/** The same without the run's settings. */
export const runProgressFromPath = (db: Database, context: Context): Promise<RunProgressRow> =>
  findFromPath(db, context, findRunProgress);

/** A step of the path's run; thread and run are checked first. */
export async function stepFromPath(db: Database, context: Context): Promise<StepRow> {
  const run = await runFromPath(db, context);
  return objectFromPath(context, 'step', (id) => findStep(db, run.id, id));
}

export const vectorStoreFromPath = (db: Database, context: Context): Promise<VectorStoreRow> =>
  objectFromPath(context, 'vector store', (id) => findVectorStore(db, id));

/** A batch of the path's vector store; the store is checked first. */
export async function fileBatchFromPath(db: Database, context: Context): Promise<FileBatchRow> {
  const store = await vectorStoreFromPath(db, context);
  return objectFromPath(context, 'file batch', (id) => findFileBatch(db, store.id, id));
}

/** A file of the path's vector store; the store is checked first. */
export async function storeFileFromPath(db: Database, context: Context): Promise<StoreFileRow> {
  const store = await vectorStoreFromPath(db, context);
  const file_id = pathId(context, 'file');
  const row = await findStoreFile(db, store.id, file_id);
  if (row !== undefined) return row;
  if (isMalformed(['file', file_id])) throw errors.malformedId('file', file_id);
  throw errors.storeFileNotFound(file_id, store.id);
}

/** Parses the request after a 400 for a malformed id in the path and before a 404 for a missing object. */
export async function parseBetweenChecks<Row, Input>(
  lookup: Promise<Row>,
  parse: () => Promise<Input>,
): Promise<[Row, Input]> {
  let row: Row;
  try {
    row = await lookup;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) await parse();
    throw error;
  }
  return [row, await parse()];
}
