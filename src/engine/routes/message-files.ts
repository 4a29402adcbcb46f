import { Hono } from 'hono';
import { errors } from '../http/errors.ts';
import { messageFromPath, parseBetweenChecks } from './path-objects.ts';
import { listSchema } from '../http/pagination.ts';
import { parseQuery } from '../http/request.ts';
import type { EngineOptions } from '../options.ts';
import { findLinkedFile, messageFiles, pageLinkedFiles } from '../../schema/linked-files.ts';
import { toMessage } from '../store/messages.ts';
import { type MessageRow } from '../store/schema.ts';

const notFoundIn =
  ({ id: message_id }: MessageRow) =>
  (id: string) =>
    errors.messageFileNotFound(id, message_id);

/** `/threads/{thread_id}/messages/{message_id}/files`, of API v1 only (contract §4.6). */
export function messageFileRoutes({ db }: EngineOptions): Hono {
  const routes = new Hono();

  routes.get('/', async (context) => {
    const [row, query] = await parseBetweenChecks(messageFromPath(db, context), async () =>
      parseQuery(context, listSchema),
    );
    return context.json(pageLinkedFiles(messageFiles(toMessage(row)), query, notFoundIn(row)));
  });

  routes.get('/:file_id', async (context) => {
    const row = await messageFromPath(db, context);
    const files = messageFiles(toMessage(row));
    return context.json(findLinkedFile(files, context.req.param('file_id'), notFoundIn(row)));
  });

  return routes;
}
