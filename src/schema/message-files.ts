import type OpenAI from 'openai';
import type * as z from 'zod';
import { defaultPageSize, type listQuery } from './common.ts';

type Message = Pick<OpenAI.Beta.Threads.Message, 'id' | 'created_at' | 'attachments' | 'content'>;
type Content = OpenAI.Beta.Threads.MessageContent;
type Query = z.infer<z.ZodObject<typeof listQuery>>;

/** A link from a message to a file, made with the message; of the API's first version alone. */
export interface MessageFile {
  readonly id: string;
  readonly object: 'thread.message.file';
  readonly created_at: number;
  readonly message_id: string;
}

const imageFiles = (part: Content): string[] =>
  part.type === 'image_file' ? [part.image_file.file_id] : [];

/** A file that is cited belongs to a vector store, not to the message; only generated ones count. */
const generatedFiles = (part: Content): string[] =>
  part.type === 'text'
    ? part.text.annotations.flatMap((note) =>
        note.type === 'file_path' ? [note.file_path.file_id] : [],
      )
    : [];

/** A message's files in the order of contract §4.6: attached, shown as images, generated. */
export function messageFiles(message: Message): MessageFile[] {
  const { id: message_id, created_at, content } = message;
  const attached = (message.attachments ?? []).flatMap(({ file_id }) => file_id ?? []);
  const ids = [...attached, ...content.flatMap(imageFiles), ...content.flatMap(generatedFiles)];
  return [...new Set(ids)].map((id) => ({
    id,
    object: 'thread.message.file',
    created_at,
    message_id,
  }));
}

/** One file of a message; throws what `refuse` makes for an id that is not among them. */
export function findMessageFile(
  files: readonly MessageFile[],
  id: string,
  refuse: (id: string) => Error,
): MessageFile {
  const file = files.find((candidate) => candidate.id === id);
  if (file === undefined) throw refuse(id);
  return file;
}

/**
 * A page of a message's files by the rules of every list (contract §3.1). All were made in the same
 * second, so that their place in the message orders them. Throws as `findMessageFile` does.
 */
export function pageMessageFiles(
  files: readonly MessageFile[],
  { limit = defaultPageSize, order = 'desc', after, before }: Query,
  refuse: (id: string) => Error,
) {
  const ordered = order === 'asc' ? files : files.toReversed();
  const place = (id: string) => ordered.indexOf(findMessageFile(ordered, id, refuse));
  const start = after === undefined ? 0 : place(after) + 1;
  const end = before === undefined ? ordered.length : place(before);
  const matching = ordered.slice(start, Math.max(start, end));
  const isBackwards = before !== undefined && after === undefined;
  const data = isBackwards ? matching.slice(-limit) : matching.slice(0, limit);
  return {
    object: 'list' as const,
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: matching.length > data.length,
  };
}
