import type OpenAI from 'openai';
import type * as z from 'zod';
import { defaultPageSize, type listQuery } from './common.ts';

type Message = Pick<OpenAI.Beta.Threads.Message, 'id' | 'created_at' | 'attachments' | 'content'>;
type Content = OpenAI.Beta.Threads.MessageContent;
type ListQuery = z.infer<z.ZodObject<typeof listQuery>>;

/** A link from a message to a file. Only version 1 of the API has these objects. */
export interface MessageFile {
  readonly id: string;
  readonly object: 'thread.message.file';
  readonly created_at: number;
  readonly message_id: string;
}

const imageFiles = (part: Content): string[] =>
  part.type === 'image_file' ? [part.image_file.file_id] : [];

/** Only generated files: a cited file belongs to a vector store, not to the message. */
const generatedFiles = (part: Content): string[] =>
  part.type === 'text'
    ? part.text.annotations.flatMap((annotation) =>
        annotation.type === 'file_path' ? [annotation.file_path.file_id] : [],
      )
    : [];

/** A message's files in the order of contract §4.6: attachments, images, generated files. */
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

interface FileLink {
  /** The file's id. */
  readonly id: string;
}

/** Finds one file of a message or an assistant. Throws `notFound(id)` for an unknown id. */
export function findLinkedFile<Link extends FileLink>(
  files: readonly Link[],
  id: string,
  notFound: (id: string) => Error,
): Link {
  const file = files.find((candidate) => candidate.id === id);
  if (file === undefined) throw notFound(id);
  return file;
}

/**
 * A page of the files of a message or an assistant (contract §3.1). All have the same creation time,
 * so they are ordered by position. Throws `notFound(id)` for an unknown cursor.
 */
export function pageLinkedFiles<Link extends FileLink>(
  files: readonly Link[],
  { limit = defaultPageSize, order = 'desc', after, before }: ListQuery,
  notFound: (id: string) => Error,
) {
  const ordered = order === 'asc' ? files : files.toReversed();
  const indexOf = (id: string) => ordered.indexOf(findLinkedFile(ordered, id, notFound));
  const start = after === undefined ? 0 : indexOf(after) + 1;
  const end = before === undefined ? ordered.length : indexOf(before);
  const selected = ordered.slice(start, Math.max(start, end));
  const isBackwards = before !== undefined && after === undefined;
  const data = isBackwards ? selected.slice(-limit) : selected.slice(0, limit);
  return {
    object: 'list' as const,
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: selected.length > data.length,
  };
}
