import { type Context, Hono } from 'hono';
import { unixSeconds } from '../../shared/clock.ts';
import {
  type CreateMessage,
  createMessageBody,
  listMessages as listQuery,
  modifyMetadata,
} from '../../schema/message.ts';
import { errors } from '../http/errors.ts';
import { messageFromPath, threadFromPath, parseBetweenChecks } from './path-objects.ts';
import { listResponse } from '../http/pagination.ts';
import { parseBody, parseQuery } from '../http/request.ts';
import type { EngineDeps, EngineOptions } from '../options.ts';
import {
  deleteMessage,
  insertMessage,
  insertMessages,
  listMessages,
  type MessageBody,
  type NewMessage,
  messageCursor,
  toMessage,
  updateMessageMetadata,
} from '../store/messages.ts';
import { findActiveRun } from '../store/runs.ts';
import type { Database, MessageRow, ThreadRow } from '../store/schema.ts';
import { transact } from '../store/transaction.ts';
import { threadBody, updateThread } from '../store/threads.ts';
import { addAttachments, prepareAttachments, type SearchStore } from './tool-resources.ts';
import { answerOnce, changeOnce } from './idempotency.ts';
import { type UpstreamStores, withUpstreamLookups } from './upstream-lookups.ts';
import { attachFileIds, type NewMessageFields } from './v1-files.ts';

type Content = MessageBody['content'];

/** A request's parts as responses show them: text with annotations, images with `detail` (§3.7). */
function toContent(content: CreateMessage['content']): Content {
  if (typeof content === 'string') return toContent([{ type: 'text', text: content }]);
  return content.map((part) => {
    switch (part.type) {
      case 'text':
        return { type: 'text', text: { value: part.text, annotations: [] } };
      case 'image_url':
        return { type: 'image_url', image_url: { detail: 'auto', ...part.image_url } };
      case 'image_file':
        return { type: 'image_file', image_file: { detail: 'auto', ...part.image_file } };
    }
  });
}

/** What creating an object takes. */
export type CreateDeps = Pick<EngineOptions, 'clock' | 'ids'>;

/** A message that no run wrote. */
function newMessage(
  thread_id: string,
  { role, content, attachments, metadata }: CreateMessage,
  { clock, ids }: CreateDeps,
): NewMessage {
  const created_at = unixSeconds(clock);
  return {
    id: ids.newId('msg_'),
    created_at,
    thread_id,
    run_id: null,
    role,
    metadata: metadata ?? {},
    body: {
      status: 'completed',
      incomplete_details: null,
      completed_at: created_at,
      incomplete_at: null,
      content: toContent(content),
      assistant_id: null,
      attachments: attachments ?? [],
    },
  };
}

/** Adds messages that no run wrote to a thread, in order, in the caller's transaction. */
export const addMessages = (
  db: Database,
  thread_id: string,
  messages: readonly CreateMessage[],
  deps: CreateDeps,
): Promise<void> => insertMessages(db, messages, (message) => newMessage(thread_id, message, deps));

/** Adds the attachments of new messages to the resources of the thread. */
export async function saveAttachments(
  db: Database,
  thread: ThreadRow,
  messages: readonly NewMessageFields[],
  prepared: SearchStore | null,
): Promise<ThreadRow> {
  const { metadata, tool_resources } = threadBody(thread);
  const shared = addAttachments(tool_resources, messages, prepared);
  if (shared === tool_resources) return thread;
  return updateThread(db, thread.id, { metadata, tool_resources: shared });
}

/** The path's thread, to which a message can be added. */
async function threadWithoutRun(db: Database, context: Context): Promise<ThreadRow> {
  const thread = await threadFromPath(db, context);
  const run = await findActiveRun(db, thread.id);
  if (run !== undefined) throw errors.threadHasActiveRunForMessage(thread.id, run.id);
  return thread;
}

const messageAnswer = (message: MessageRow) => ({
  object: toMessage(message),
  thread_id: message.thread_id,
});

function createMessageRoute(deps: EngineDeps) {
  const { db } = deps;
  return answerOnce(deps, async (context, key) => {
    const [, body] = await parseBetweenChecks(threadFromPath(db, context), () =>
      parseBody(context, createMessageBody),
    );
    const message = attachFileIds(body);
    const prepare = (stores: UpstreamStores) =>
      prepareAttachments([message], stores, async () => {
        const thread = await threadWithoutRun(db, context);
        return threadBody(thread).tool_resources;
      });
    const add = async (transaction: Database, prepared: SearchStore | null) => {
      const thread = await threadWithoutRun(transaction, context);
      const added = await insertMessage(transaction, newMessage(thread.id, message, deps));
      await saveAttachments(transaction, thread, [message], prepared);
      return added;
    };
    const row = await deps.threadQueue.run(context, () =>
      withUpstreamLookups(deps, prepare, (prepared) =>
        transact(db, (transaction) =>
          changeOnce(transaction, key, () => add(transaction, prepared), messageAnswer),
        ),
      ),
    );
    return context.json(toMessage(row));
  });
}

/** `/threads/{thread_id}/messages` (contract §4.3). */
export function messageRoutes(deps: EngineDeps): Hono {
  const { db } = deps;
  const routes = new Hono();

  routes.get('/', async (context) => {
    const [{ id }, { run_id, ...query }] = await parseBetweenChecks(
      threadFromPath(db, context),
      async () => parseQuery(context, listQuery),
    );
    return listResponse(query, {
      kind: 'message',
      findCursor: (cursor) => messageCursor(db, id, cursor),
      read: (page) => listMessages(db, id, page, run_id),
      toObject: toMessage,
    });
  });

  routes.post('/', createMessageRoute(deps));

  routes.get('/:message_id', async (context) =>
    context.json(toMessage(await messageFromPath(db, context))),
  );

  routes.post('/:message_id', async (context) => {
    const [row, { metadata }] = await parseBetweenChecks(messageFromPath(db, context), () =>
      parseBody(context, modifyMetadata),
    );
    if (metadata === undefined) return context.json(toMessage(row));
    const modified = await transact(db, async (transaction) => {
      const { id } = await messageFromPath(transaction, context);
      return updateMessageMetadata(transaction, id, metadata ?? {});
    });
    return context.json(toMessage(modified));
  });

  routes.delete('/:message_id', async (context) => {
    const id = await transact(db, async (transaction) => {
      const message = await messageFromPath(transaction, context);
      await deleteMessage(transaction, message.id);
      return message.id;
    });
    return context.json({ id, object: 'thread.message.deleted', deleted: true });
  });

  return routes;
}
