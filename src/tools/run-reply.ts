import type OpenAI from 'openai';
import { cutText } from '../shared/text.ts';
import { formatRunIds, nextStep } from './next-step.ts';
import { readJson } from './sdk-call.ts';
import type { ToolContext } from './tool.ts';

type Run = OpenAI.Beta.Threads.Run;

type ReplyContext = Pick<ToolContext, 'openai' | 'toolName' | 'signal'> &
  Partial<Pick<ToolContext, 'person'>>;

/** In characters. All messages of a run together can be too large for one result. */
const maxReplyLength = 1_000_000;

/** The text of the run's messages, oldest first; null when there is none. */
async function readReply(run: Run, { openai, signal }: ReplyContext): Promise<string | null> {
  const query = { run_id: run.id, order: 'asc', limit: 100 } as const;
  const list = openai.beta.threads.messages.list(run.thread_id, query, { signal });
  const { body } = await readJson(list);
  const texts = body.data
    .filter((message) => message.run_id === run.id)
    .flatMap((message) => message.content)
    .flatMap((part) => {
      if (part.type === 'text') return part.text.value;
      return part.type === 'refusal' ? part.refusal : [];
    });
  return texts.length === 0 ? null : texts.join('\n\n');
}

/** The next step when the reply could not be read. */
function readReplyStep(run: Run, { toolName }: ReplyContext): string | null {
  const tool = toolName('list_messages');
  if (tool === null) return null;
  return `Call ${tool} with ${formatRunIds(run.thread_id, run.id)} to read the reply.`;
}

/** The run with what a caller reads first in front. */
function withFirst(run: Run, reply: string | null, next: string | null): object {
  const { status, ...fields } = run;
  return { status, ...(reply !== null && { reply }), ...(next !== null && { next }), ...fields };
}

/** The run with `reply` (the text of a completed or incomplete run) or `next` (what the caller should do). */
export async function withReplyOrNext(run: Run, context: ReplyContext): Promise<object> {
  const ownStep = nextStep(run, context.toolName, context.person?.functions);
  if (run.status !== 'completed' && run.status !== 'incomplete')
    return withFirst(run, null, ownStep);
  try {
    const reply = await readReply(run, context);
    if (reply === null || reply.length <= maxReplyLength) return withFirst(run, reply, ownStep);
    const next = ownStep ?? readReplyStep(run, context);
    return withFirst(run, cutText(reply, maxReplyLength), next);
  } catch {
    return withFirst(run, null, readReplyStep(run, context) ?? ownStep);
  }
}
