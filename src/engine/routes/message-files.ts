import type OpenAI from 'openai';
import { Hono } from 'hono';
import { errors } from '../http/errors.ts';
import { pathMessage, withBody } from './lookup.ts';
import { listSchema, toList } from '../http/page.ts';
import { parseQuery } from '../http/parse.ts';
import type { EngineOptions } from '../options.ts';
import { messageBody, type MessageRow } from '../store/messages.ts';

/** The object of contract §4.6: a link from a message to a file, made with the message. */
interface MessageFile {
  id: string;
  object: 'thread.message.file';
  created_at: number;
  message_id: string;
}

type Content = OpenAI.Beta.Threads.MessageContent;

const imageFiles = (part: Content): string[] =>
  part.type === 'image_file' ? [part.image_file.file_id] : [];

const generatedFiles = (part: Content): string[] =>
  part.type === 'text'
    ? part.text.annotations.flatMap((note) =>
        note.type === 'file_path' ? [note.file_path.file_id] : [],
      )
    : [];

/** A message's own files: attached, shown, generated. A cited file belongs to its vector store. */
function messageFiles(row: MessageRow): MessageFile[] {
  const { attachments, content } = messageBody(row);
  const attached = (attachments ?? []).flatMap(({ file_id }) => file_id ?? []);
  const files = [...attached, ...content.flatMap(imageFiles), ...content.flatMap(generatedFiles)];
  return [...new Set(files)].map((id) => ({
    id,
    object: 'thread.message.file',
    created_at: row.created_at,
    message_id: row.id,
  }));
}

function find(files: readonly MessageFile[], id: string, row: MessageRow): MessageFile {
  const file = files.find((candidate) => candidate.id === id);
  if (file === undefined) throw errors.unknownFile(id, row.id);
  return file;
}

/** `/threads/{thread_id}/messages/{message_id}/files`, which only v1 had (contract §4.6). */
export function messageFileRoutes({ db }: EngineOptions): Hono {
  const routes = new Hono();

  routes.get('/', async (context) => {
    const [row, query] = await withBody(pathMessage(db, context), async () =>
      parseQuery(context, listSchema),
    );
    const { limit = 20, order = 'desc', after, before } = query;
    const linked = messageFiles(row);
    const files = order === 'asc' ? linked : linked.toReversed();
    const index = (id: string) => files.indexOf(find(files, id, row));
    const start = after === undefined ? 0 : index(after) + 1;
    const end = before === undefined ? files.length : index(before);
    const backwards = before !== undefined && after === undefined;
    const matching = files.slice(start, end);
    const page = backwards ? matching.slice(-limit) : matching.slice(0, limit);
    return context.json(toList(page, matching.length > page.length));
  });

  routes.get('/:file_id', async (context) => {
    const row = await pathMessage(db, context);
    return context.json(find(messageFiles(row), context.req.param('file_id'), row));
  });

  return routes;
}
