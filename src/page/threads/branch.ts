import type OpenAI from 'openai';
import type { Message } from '../data/thread-state.ts';

type NewMessage = OpenAI.Beta.Threads.MessageCreateParams;
type Part = Exclude<NewMessage['content'], string>[number];

/** Threads made by a branch → the text to edit in them. */
export const editedTexts = new Map<string, string>();

/** The content of a message as a new message takes it. */
function toContent(message: Message): Part[] {
  return message.content.flatMap((part): Part[] => {
    switch (part.type) {
      case 'text':
        return part.text.value === '' ? [] : [{ type: 'text', text: part.text.value }];
      case 'refusal':
        return [{ type: 'text', text: part.refusal }];
      default:
        return [part];
    }
  });
}

/**
 * Makes a new thread with the messages before `message`, to which an edited one can be added. The
 * thread itself stays as it is. Resolves to the new thread's id.
 */
export async function branchThread(openai: OpenAI, message: Message): Promise<string> {
  const { threads } = openai.beta;
  const thread = await threads.create({
    metadata: { branched_from: message.thread_id.slice(0, 512) },
  });
  for await (const earlier of threads.messages.list(message.thread_id, {
    order: 'asc',
    limit: 100,
  })) {
    if (earlier.id === message.id) break;
    const content = toContent(earlier);
    if (content.length === 0) continue;
    await threads.messages.create(thread.id, {
      role: earlier.role,
      content,
      ...(earlier.attachments && { attachments: earlier.attachments }),
    });
  }
  return thread.id;
}
