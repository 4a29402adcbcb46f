import type OpenAI from 'openai';
import { type Clock, unixSeconds } from '../../shared/clock.ts';
import type { Ids } from '../../shared/ids.ts';
import type { MessageContent } from '../models/model.ts';
import {
  insertMessage,
  type Message,
  messageBody,
  toMessage,
  updateMessageBody,
} from '../store/messages.ts';
import type { Database, MessageRow, RunRow, StepRow, Usage } from '../store/schema.ts';
import { runSettings } from '../store/runs.ts';
import { insertStep, type StepBody, stepBody, toStep, updateStep } from '../store/steps.ts';
import { toolStepDeltas } from '../events/delta-events.ts';
import type { Emit } from '../events/event-bus.ts';

/*
 * The steps of a run (contract §6). A message step starts and ends with its message. All function
 * calls of a model turn share one step, which is open until their outputs are submitted. Consecutive
 * calls of hosted tools share a step. Events are emitted step by step, as in contract §7.3.
 */

/** A message step in progress. */
export interface OpenMessage {
  readonly message: MessageRow;
  readonly step: StepRow;
}

/** The transaction in which a run is written, with what writing needs. */
export interface WriteContext {
  readonly db: Database;
  readonly emit: Emit;
  readonly clock: Clock;
  readonly ids: Ids;
}

const newStep = (run: RunRow, details: StepBody['step_details']): StepBody => ({
  assistant_id: runSettings(run).assistant_id,
  type: details.type,
  status: 'in_progress',
  cancelled_at: null,
  completed_at: null,
  expires_at: run.deadline,
  expired_at: null,
  failed_at: null,
  last_error: null,
  step_details: details,
  usage: null,
});

/** Creates an empty message of the run, and its step. */
export async function startMessage(
  { db, emit, clock, ids }: WriteContext,
  run: RunRow,
): Promise<OpenMessage> {
  const created_at = unixSeconds(clock);
  const shared = { thread_id: run.thread_id, run_id: run.id, created_at };
  const message_id = ids.newId('msg_');
  const step = await insertStep(db, {
    ...shared,
    id: ids.newId('step_'),
    body: newStep(run, { type: 'message_creation', message_creation: { message_id } }),
  });
  const message = await insertMessage(db, {
    ...shared,
    id: message_id,
    role: 'assistant',
    metadata: {},
    body: {
      status: 'in_progress',
      incomplete_details: null,
      completed_at: null,
      incomplete_at: null,
      content: [],
      assistant_id: runSettings(run).assistant_id,
      attachments: [],
    },
  });
  emit(run.id, { event: 'thread.run.step.created', data: toStep(step) });
  emit(run.id, { event: 'thread.run.step.in_progress', data: toStep(step) });
  emit(run.id, { event: 'thread.message.created', data: toMessage(message) });
  emit(run.id, { event: 'thread.message.in_progress', data: toMessage(message) });
  return { message, step };
}

export type IncompleteReason =
  | 'content_filter'
  | 'max_tokens'
  | 'run_cancelled'
  | 'run_expired'
  | 'run_failed';

/** The files that a message mentions, with the tool that generated them. Images are content instead. */
function generatedAttachments(content: readonly MessageContent[]): Message['attachments'] {
  const images = new Set(
    content.map((part) => (part.type === 'image_file' ? part.image_file.file_id : null)),
  );
  const files = content
    .flatMap((part) => (part.type === 'text' ? part.text.annotations : []))
    .flatMap((annotation) => (annotation.type === 'file_path' ? annotation.file_path.file_id : []));
  return [...new Set(files)]
    .filter((file_id) => !images.has(file_id))
    .map((file_id) => ({ file_id, tools: [{ type: 'code_interpreter' }] }));
}

/** Completes a message, or makes it incomplete for a reason. Does not restore a deleted message. */
export async function endMessage(
  { db, emit, clock }: WriteContext,
  message: MessageRow,
  content: MessageContent[],
  reason: IncompleteReason | null,
): Promise<void> {
  const now = unixSeconds(clock);
  const status = reason === null ? 'completed' : 'incomplete';
  const body = {
    ...messageBody(message),
    content,
    attachments: generatedAttachments(content),
    status,
    completed_at: reason === null ? now : null,
    incomplete_at: reason === null ? null : now,
    incomplete_details: reason === null ? null : { reason },
  } as const;
  const ended = (await updateMessageBody(db, message.id, body)) ?? {
    ...message,
    body: JSON.stringify(body),
  };
  emit(message.run_id ?? '', { event: `thread.message.${status}`, data: toMessage(ended) });
}

type StepEndStatus = 'completed' | 'cancelled' | 'expired' | 'failed';

/** Ends a step and sets the time that belongs to its status. */
export async function endStep(
  { db, emit, clock }: Omit<WriteContext, 'ids'>,
  step: StepRow,
  status: StepEndStatus,
  fields: Partial<Pick<StepBody, 'usage' | 'last_error' | 'step_details'>>,
): Promise<void> {
  const ended = await updateStep(db, step.id, {
    ...stepBody(step),
    status,
    [`${status}_at`]: unixSeconds(clock),
    expires_at: null,
    ...fields,
  });
  emit(step.run_id, { event: `thread.run.step.${status}`, data: toStep(ended) });
}

/** Ends a message and its step. The step is completed even if the message is incomplete. */
export async function endMessageStep(
  writeContext: WriteContext,
  { message, step }: OpenMessage,
  content: MessageContent[],
  { reason, usage }: { readonly reason: IncompleteReason | null; readonly usage: Usage },
): Promise<void> {
  await endMessage(writeContext, message, content, reason);
  await endStep(writeContext, step, 'completed', { usage });
}

/** Creates a step with these calls. */
export async function startToolStep(
  { db, emit, clock, ids }: WriteContext,
  run: RunRow,
  tool_calls: OpenAI.Beta.Threads.Runs.ToolCall[],
): Promise<StepRow> {
  const row = await insertStep(db, {
    id: ids.newId('step_'),
    created_at: unixSeconds(clock),
    thread_id: run.thread_id,
    run_id: run.id,
    body: newStep(run, { type: 'tool_calls', tool_calls }),
  });
  const step = toStep(row);
  const withoutCalls = { ...step, step_details: { type: 'tool_calls' as const, tool_calls: [] } };
  emit(run.id, { event: 'thread.run.step.created', data: withoutCalls });
  emit(run.id, { event: 'thread.run.step.in_progress', data: withoutCalls });
  for (const event of toolStepDeltas(step.id, tool_calls)) emit(run.id, event);
  return row;
}
