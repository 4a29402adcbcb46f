import type OpenAI from 'openai';
import { sql } from 'kysely';
import {
  type Cursor,
  findDeletedCursor,
  notBefore,
  type Page,
  type PageQuery,
  saveDeletedCursor,
  selectPage,
} from './keyset-page.ts';
import { yieldToOthers } from '../../shared/clock.ts';
import { type Database, decode, type MessageRow } from './schema.ts';

export type Message = OpenAI.Beta.Threads.Message;

/** The fields that a run writes. Metadata is a column of its own, since a client can change it meanwhile. */
export type MessageBody = Pick<
  Message,
  | 'status'
  | 'incomplete_details'
  | 'completed_at'
  | 'incomplete_at'
  | 'content'
  | 'assistant_id'
  | 'attachments'
>;

export const messageBody = (row: MessageRow): MessageBody => decode(row.body);

/** The object of contract §4.3. */
export function toMessage(row: MessageRow): Message {
  const { content, assistant_id, attachments, ...statusFields } = messageBody(row);
  return {
    id: row.id,
    object: 'thread.message',
    created_at: row.created_at,
    assistant_id,
    thread_id: row.thread_id,
    run_id: row.run_id,
    ...statusFields,
    role: row.role,
    content,
    attachments,
    metadata: decode<Record<string, string>>(row.metadata),
  };
}

export interface NewMessage {
  readonly id: string;
  readonly created_at: number;
  readonly thread_id: string;
  readonly run_id: string | null;
  readonly role: Message['role'];
  readonly metadata: Record<string, string>;
  readonly body: MessageBody;
}

/** The row of a new message. */
function messageValues(message: NewMessage) {
  const newest = sql`(select max(created_at) from messages where thread_id = ${message.thread_id})`;
  return {
    ...message,
    created_at: notBefore(newest, message.created_at),
    metadata: JSON.stringify(message.metadata),
    body: JSON.stringify(message.body),
  };
}

/** One statement inserts so many messages, or fewer long ones. */
const maxBatchMessages = 50;
const maxBatchLength = 2 ** 20;

/** Appends messages to their thread, in order, without keeping other requests waiting. */
export async function insertMessages<Source>(
  db: Database,
  messages: readonly Source[],
  toNewMessage: (message: Source) => NewMessage,
): Promise<void> {
  let batch: ReturnType<typeof messageValues>[] = [];
  let length = 0;
  const insertBatch = async () => {
    if (batch.length > 0) await db.insertInto('messages').values(batch).execute();
    [batch, length] = [[], 0];
    await yieldToOthers();
  };
  for (const message of messages) {
    const values = messageValues(toNewMessage(message));
    batch.push(values);
    length += values.body.length;
    if (batch.length === maxBatchMessages || length > maxBatchLength) await insertBatch();
  }
  await insertBatch();
}

/** Appends a message to its thread. */
export function insertMessage(db: Database, message: NewMessage): Promise<MessageRow> {
  return db
    .insertInto('messages')
    .values(messageValues(message))
    .returningAll()
    .executeTakeFirstOrThrow();
}

export const findMessage = (
  db: Database,
  thread_id: string,
  id: string,
): Promise<MessageRow | undefined> =>
  db
    .selectFrom('messages')
    .selectAll()
    .where('thread_id', '=', thread_id)
    .where('id', '=', id)
    .executeTakeFirst();

/** A thread's messages, or only those that run `run_id` created. */
export function listMessages(
  db: Database,
  thread_id: string,
  page: PageQuery,
  run_id?: string,
): Promise<Page<MessageRow>> {
  const messages = db.selectFrom('messages').selectAll().where('thread_id', '=', thread_id);
  return selectPage(run_id === undefined ? messages : messages.where('run_id', '=', run_id), page);
}

const contextPageSize = 50;

/**
 * Up to `maxMessages` of the thread's messages for a run's prompt, without the run's own, from the
 * oldest or the newest. Reads page by page, as far as the caller iterates.
 */
export async function* contextMessages(
  db: Database,
  { thread_id, id }: { readonly thread_id: string; readonly id: string },
  order: PageQuery['order'],
  maxMessages = Number.POSITIVE_INFINITY,
): AsyncGenerator<MessageRow> {
  const messages = db
    .selectFrom('messages')
    .selectAll()
    .where('thread_id', '=', thread_id)
    .where((where) => where.or([where('run_id', 'is', null), where('run_id', '!=', id)]));
  let after: MessageRow | undefined;
  for (let remaining = maxMessages; remaining > 0; remaining -= contextPageSize) {
    const query = { limit: Math.min(remaining, contextPageSize), order, ...(after && { after }) };
    const { rows, has_more } = await selectPage(messages, query);
    yield* rows;
    after = rows.at(-1);
    if (!has_more) return;
  }
}

/** Whether a thread has a message of role `user` (contract §2.2, row 30). */
export async function hasUserMessage(db: Database, thread_id: string): Promise<boolean> {
  const message = await db
    .selectFrom('messages')
    .select('seq')
    .where('thread_id', '=', thread_id)
    .where('role', '=', 'user')
    .limit(1)
    .executeTakeFirst();
  return message !== undefined;
}

/** Resolves to the updated row; undefined if the message has been deleted meanwhile. */
export const updateMessageBody = (
  db: Database,
  id: string,
  body: MessageBody,
): Promise<MessageRow | undefined> =>
  db
    .updateTable('messages')
    .set({ body: JSON.stringify(body) })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst();

export const updateMessageMetadata = (
  db: Database,
  id: string,
  metadata: Record<string, string>,
): Promise<MessageRow> =>
  db
    .updateTable('messages')
    .set({ metadata: JSON.stringify(metadata) })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();

/** The list cursor of a message, which may have been deleted. */
export const messageCursor = async (
  db: Database,
  thread_id: string,
  id: string,
): Promise<Cursor | undefined> =>
  (await findMessage(db, thread_id, id)) ?? findDeletedCursor(db, thread_id, id);

export async function deleteMessage(db: Database, id: string): Promise<void> {
  const row = await db
    .deleteFrom('messages')
    .where('id', '=', id)
    .returning(['id', 'thread_id', 'created_at', 'seq'])
    .executeTakeFirst();
  if (row !== undefined) await saveDeletedCursor(db, row.thread_id, row);
}

/** The messages that a run created, oldest first. */
export const runMessages = (db: Database, run_id: string): Promise<MessageRow[]> =>
  db.selectFrom('messages').selectAll().where('run_id', '=', run_id).orderBy('seq').execute();

/** The messages of a run that are in progress. */
export async function openMessages(db: Database, run_id: string): Promise<MessageRow[]> {
  const rows = await runMessages(db, run_id);
  return rows.filter((row) => messageBody(row).status === 'in_progress');
}
