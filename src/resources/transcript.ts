import type OpenAI from 'openai';
import { fieldOf } from '../shared/json.ts';
import { cutText } from '../shared/text.ts';
import { readJson } from '../tools/sdk-call.ts';
import { completeThreadId, noCompletion } from './complete-ids.ts';
import {
  bullets,
  code,
  createDocument,
  formatCall,
  formatTime,
  quote,
  untrustedNotice,
} from './markdown.ts';
import { readPages } from './pages.ts';
import type { ResourceContext, ResourceReader } from './resource.ts';
import { parseThreadId } from './thread-id.ts';

type Message = OpenAI.Beta.Threads.Message;
type Part = Message['content'][number];

/** In characters, of the texts of one message: more than one text of the API may have. */
const maxMessageLength = 300_000;

/** Of one message. */
const maxParts = 1000;

const roleTitles: ReadonlyMap<string, string> = new Map([
  ['user', 'User'],
  ['assistant', 'Assistant'],
]);

const annotationFile = (annotation: unknown): string[] => {
  for (const type of ['file_citation', 'file_path']) {
    const id = fieldOf(fieldOf(annotation, type), 'file_id');
    if (typeof id === 'string') return [id];
  }
  return [];
};

/** One part of a message; `maxLength` is what its text may have. */
function formatPart(part: Part, maxLength: number): string[] {
  if (part.type === 'image_file') return ['', `- Image: ${code(part.image_file.file_id)}`];
  if (part.type === 'image_url') return ['', `- Image: ${code(part.image_url.url)}`];
  if (part.type === 'refusal') return ['', 'Refusal:', '', quote(cutText(part.refusal, maxLength))];
  if (part.type !== 'text') return ['', `- Content of another type: ${code(part)}`];
  const { value, annotations } = part.text;
  const files = new Set((annotations ?? []).flatMap((annotation) => annotationFile(annotation)));
  const cited = bullets([...files], (id) => `Cited file: ${code(id)}`);
  return ['', quote(cutText(value, maxLength)), ...(cited.length === 0 ? [] : ['', ...cited])];
}

const partLength = (part: Part): number => {
  if (part.type === 'text') return part.text.value.length;
  return part.type === 'refusal' ? part.refusal.length : 0;
};

/** Where the complete text of a message is, if its transcript is shorter. */
function cutNote({ id, thread_id }: Message, { toolName }: ResourceContext): string[] {
  const tool = toolName('get_message');
  const start = '- The message is longer than shown.';
  if (tool === null) return ['', start];
  return ['', `${start} ${formatCall(tool, { thread_id, message_id: id })} to read it.`];
}

function formatMessage(message: Message, number: number, context: ResourceContext): string[] {
  const { id, role, created_at: createdAt } = message;
  const title = roleTitles.get(role) ?? `Role ${code(role)}`;
  const lines = [`## ${number}. ${title}, ${code(id)}, ${formatTime(createdAt)}`];
  let remainingLength = maxMessageLength;
  const parts = message.content ?? [];
  for (const part of parts.slice(0, maxParts)) {
    if (remainingLength <= 0) break;
    lines.push(...formatPart(part, remainingLength));
    remainingLength -= partLength(part);
  }
  const attachments = bullets(
    message.attachments ?? [],
    (file) => `Attachment: ${code(file.file_id)}`,
  );
  if (attachments.length > 0) lines.push('', ...attachments);
  const { incomplete_details: incomplete } = message;
  if (incomplete) lines.push('', `- Incomplete: ${code(incomplete.reason)}`);
  if (remainingLength < 0 || parts.length > maxParts) lines.push(...cutNote(message, context));
  return lines;
}

/** How to read what a transcript leaves out. */
function restOfThread(
  thread: string,
  after: string | null,
  { toolName }: ResourceContext,
): string[] {
  const tool = toolName('list_messages');
  const args = { thread_id: thread, order: 'asc', ...(after !== null && { after }) };
  const call = tool === null ? '' : ` ${formatCall(tool, args)} to read the rest.`;
  return ['---', '', `The transcript ends here, because the thread is too long.${call}`];
}

/** The transcript of a thread, oldest message first. Rejects if there is no such thread. */
export async function readTranscript(id: string, context: ResourceContext): Promise<string> {
  const { openai, signal, maxBytes } = context;
  const { body: thread } = await readJson(openai.beta.threads.retrieve(id, { signal }));
  const document = createDocument(maxBytes);
  document.add([
    `# Thread ${code(id)}`,
    '',
    `Created ${formatTime(thread.created_at)}. ${untrustedNotice}`,
  ]);
  let count = 0;
  let lastId: string | null = null;
  const hasMore = await readPages<Message>(
    (after) => {
      const query = { order: 'asc', limit: 100, ...(after !== null && { after }) } as const;
      return openai.beta.threads.messages.list(id, query, { signal });
    },
    (message) => {
      if (!document.add(formatMessage(message, count + 1, context))) return false;
      count += 1;
      lastId = message.id;
      return true;
    },
  );
  if (hasMore) return document.finish(restOfThread(id, lastId, context));
  return document.finish(count === 0 ? ['The thread has no messages.'] : []);
}

/** Reads `assistants://threads/{thread_id}`. */
export const threadReader: ResourceReader = {
  read: (values, context) => readTranscript(parseThreadId(values), context),
  complete: async (variable, typed, _known, context) =>
    variable === 'thread_id' ? completeThreadId(typed, context) : noCompletion,
};
