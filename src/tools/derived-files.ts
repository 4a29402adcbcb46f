import type OpenAI from 'openai';
import { ToolError } from './error.ts';

type Message = OpenAI.Beta.Threads.Message;

/** The link between a message and a file, as the first version of the API had it. */
interface MessageFile {
  readonly id: string;
  readonly object: 'thread.message.file';
  readonly created_at: number;
  readonly message_id: string;
}

interface Page {
  readonly limit?: number;
  readonly order?: 'asc' | 'desc';
  readonly after?: string;
  readonly before?: string;
}

const usualLimit = 20;

function idsIn(message: Message): ReadonlySet<string> {
  const attached = (message.attachments ?? []).map((attachment) => attachment.file_id);
  const images = message.content.map((part) =>
    part.type === 'image_file' ? part.image_file.file_id : undefined,
  );
  const paths = message.content.flatMap((part) =>
    part.type === 'text' ? part.text.annotations.map(madeFile) : [],
  );
  const ids = [...attached, ...images, ...paths];
  return new Set(ids.filter((id) => id !== undefined));
}

/** A cited file belongs to a vector store, not to the message; only made files count. */
const madeFile = (annotation: OpenAI.Beta.Threads.Messages.Annotation): string | undefined =>
  annotation.type === 'file_path' ? annotation.file_path.file_id : undefined;

/** Every file of a message, in the order of contract §4.6: attachments, images, made files. */
const filesIn = (message: Message): MessageFile[] =>
  [...idsIn(message)].map((id) => ({
    id,
    object: 'thread.message.file',
    created_at: message.created_at,
    message_id: message.id,
  }));

const unknownFile = (fileId: string, message: Message): ToolError =>
  new ToolError(`No file found with id '${fileId}' in message '${message.id}'.`, { status: 404 });

/** One file of a message; a ToolError of status 404 when it has no such file. */
export function deriveFile(message: Message, fileId: string): MessageFile {
  const found = filesIn(message).find((file) => file.id === fileId);
  if (found === undefined) throw unknownFile(fileId, message);
  return found;
}

/** A page of a message's files, by the rules of every list (contract §3.1). */
export function derivePage(message: Message, page: Page): object {
  const { limit = usualLimit, order = 'desc', after, before } = page;
  const files = order === 'asc' ? filesIn(message) : filesIn(message).toReversed();
  const position = (id: string) => {
    const index = files.findIndex((file) => file.id === id);
    if (index === -1) throw unknownFile(id, message);
    return index;
  };
  const start = after === undefined ? 0 : position(after) + 1;
  const end = before === undefined ? files.length : position(before);
  const range = files.slice(start, Math.max(start, end));
  const backwards = before !== undefined && after === undefined;
  const data = backwards ? range.slice(-limit) : range.slice(0, limit);
  return {
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: range.length > data.length,
  };
}
