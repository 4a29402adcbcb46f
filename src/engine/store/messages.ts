import type OpenAI from 'openai';
import { sql } from 'kysely';
import { findDeletedCursor, saveDeletedCursor } from './keyset-page.ts';
import { type Page, type PageQuery, type Cursor, selectPage } from './keyset-page.ts';
import { type Database, decode, type MessageRow } from './schema.ts';

export type Message = OpenAI.Beta.Threads.Message;

/** All of a message but its ids and metadata, which can change while a run writes the rest. */
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
  const { content, assistant_id, attachments, ...progress } = messageBody(row);
  return {
    id: row.id,
    object: 'thread.message',
    created_at: row.created_at,
    assistant_id,
    thread_id: row.thread_id,
    run_id: row.run_id,
    ...progress,
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

/**
 * Adds a message at the end of its thread: lists are ordered by time, and a clock that was put back
 * must not put the answer before the question.
 */
export function insertMessage(db: Database, message: NewMessage): Promise<MessageRow> {
  const newest = sql`(select max(created_at) from messages where thread_id = ${message.thread_id})`;
  const { created_at } = message;
  return db
    .insertInto('messages')
    .values({
      ...message,
      created_at: sql<number>`case when ${newest} > ${created_at} then ${newest} else ${created_at} end`,
      metadata: JSON.stringify(message.metadata),
      body: JSON.stringify(message.body),
    })
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

/** A thread's messages, or with `run_id` those that one run of it made. */
export function listMessages(
  db: Database,
  thread_id: string,
  page: PageQuery,
  run_id?: string,
): Promise<Page<MessageRow>> {
  const messages = db.selectFrom('messages').selectAll().where('thread_id', '=', thread_id);
  return selectPage(run_id === undefined ? messages : messages.where('run_id', '=', run_id), page);
}

const contextPage = 50;

/**
 * What a run's model may be shown of the thread, from one of its ends and no more than `most`:
 * everything but what this run itself has said. Read page by page, as far as it is asked for.
 */
export async function* contextMessages(
  db: Database,
  { thread_id, id }: { readonly thread_id: string; readonly id: string },
  order: PageQuery['order'],
  most = Number.POSITIVE_INFINITY,
): AsyncGenerator<MessageRow> {
  const shown = db
    .selectFrom('messages')
    .selectAll()
    .where('thread_id', '=', thread_id)
    .where((where) => where.or([where('run_id', 'is', null), where('run_id', '!=', id)]));
  let last: MessageRow | undefined;
  for (let left = most; left > 0; left -= contextPage) {
    const query = { limit: Math.min(left, contextPage), order, ...(last && { after: last }) };
    const { rows, has_more } = await selectPage(shown, query);
    yield* rows;
    last = rows.at(-1);
    if (!has_more) return;
  }
}

/** Whether a thread has anything a user said (contract §2.2, row 30). */
export async function hasUserMessage(db: Database, thread_id: string): Promise<boolean> {
  const found = await db
    .selectFrom('messages')
    .select('seq')
    .where('thread_id', '=', thread_id)
    .where('role', '=', 'user')
    .limit(1)
    .executeTakeFirst();
  return found !== undefined;
}

/** Answers the message as it is now; undefined when it has been deleted meanwhile. */
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

/** Where the thread's list goes on from a message, which may have been deleted. */
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

/** The messages a run has made, the first first. */
export const runMessages = (db: Database, run_id: string): Promise<MessageRow[]> =>
  db.selectFrom('messages').selectAll().where('run_id', '=', run_id).orderBy('seq').execute();

/** The messages a run has begun and not ended. */
export async function openMessages(db: Database, run_id: string): Promise<MessageRow[]> {
  const rows = await runMessages(db, run_id);
  return rows.filter((row) => messageBody(row).status === 'in_progress');
}
