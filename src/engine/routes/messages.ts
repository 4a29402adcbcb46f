import { Hono } from 'hono';
import { unixSeconds } from '../../shared/clock.ts';
import {
  type CreateMessage,
  createMessage,
  listMessages as listQuery,
  modifyMetadata,
} from '../../schema/message.ts';
import { errors } from '../http/errors.ts';
import { messageFromPath, threadFromPath, parseBetweenChecks } from './path-objects.ts';
import { toList, toPageQuery } from '../http/pagination.ts';
import { parseBody, parseQuery } from '../http/request.ts';
import type { EngineOptions } from '../options.ts';
import {
  deleteMessage,
  insertMessage,
  listMessages,
  type MessageBody,
  messageCursor,
  toMessage,
  updateMessageMetadata,
} from '../store/messages.ts';
import { type MessageRow } from '../store/schema.ts';
import { findActiveRun } from '../store/runs.ts';
import type { Database } from '../store/schema.ts';
import { transact } from '../store/transaction.ts';
import { threadBody, updateThread } from '../store/threads.ts';
import { type ThreadRow } from '../store/schema.ts';
import { addAttachments } from './tool-resources.ts';
import { type UpstreamLookups, withUpstreamLookups } from './upstream-lookups.ts';

type Content = MessageBody['content'];

/** Request parts as they are answered: text grows annotations, images their `detail` (§3.7). */
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

/** What making something takes. */
export type CreateDeps = Pick<EngineOptions, 'clock' | 'ids'> & {
  readonly lookups: UpstreamLookups;
};

/**
 * Adds messages that no run made, in order, within the caller's transaction; answers them and the
 * thread, whose files are now theirs too.
 */
export async function addMessages(
  db: Database,
  thread: ThreadRow,
  messages: readonly CreateMessage[],
  { clock, ids, lookups }: CreateDeps,
): Promise<{ readonly thread: ThreadRow; readonly rows: MessageRow[] }> {
  const created_at = unixSeconds(clock);
  const rows: MessageRow[] = [];
  for (const { role, content, attachments, metadata } of messages) {
    const row = await insertMessage(db, {
      id: ids.newId('msg_'),
      created_at,
      thread_id: thread.id,
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
    });
    rows.push(row);
  }
  const { metadata, tool_resources } = threadBody(thread);
  const shared = addAttachments(tool_resources, messages, lookups);
  if (shared === tool_resources) return { thread, rows };
  const complete = await updateThread(db, thread.id, { metadata, tool_resources: shared });
  return { thread: complete, rows };
}

/** `/threads/{thread_id}/messages` (contract §4.3). */
export function messageRoutes(options: EngineOptions): Hono {
  const { db } = options;
  const routes = new Hono();

  routes.get('/', async (context) => {
    const [{ id }, { run_id, ...query }] = await parseBetweenChecks(
      threadFromPath(db, context),
      async () => parseQuery(context, listQuery),
    );
    const page = await toPageQuery(query, 'message', (cursor) => messageCursor(db, id, cursor));
    const { rows, has_more } = await listMessages(db, id, page, run_id);
    return context.json(toList(rows.map(toMessage), has_more));
  });

  routes.post('/', async (context) => {
    const [, message] = await parseBetweenChecks(threadFromPath(db, context), () =>
      parseBody(context, createMessage),
    );
    const [row] = await withUpstreamLookups(options, (lookups) =>
      transact(db, async (transaction) => {
        const thread = await threadFromPath(transaction, context);
        const live = await findActiveRun(transaction, thread.id);
        if (live !== undefined) throw errors.threadHasActiveRunForMessage(thread.id, live.id);
        const { rows } = await addMessages(transaction, thread, [message], { ...options, lookups });
        return rows;
      }),
    );
    if (row === undefined) throw errors.internal();
    return context.json(toMessage(row));
  });

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
