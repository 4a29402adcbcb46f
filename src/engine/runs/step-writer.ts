import type OpenAI from 'openai';
import { type Clock, unixSeconds } from '../../shared/clock.ts';
import { type Ids } from '../../shared/ids.ts';
import type { MessageContent } from '../models/model.ts';
import { insertMessage, messageBody, toMessage, updateMessageBody } from '../store/messages.ts';
import { type MessageRow } from '../store/schema.ts';
import { runSettings } from '../store/runs.ts';
import { type RunRow } from '../store/schema.ts';
import type { Database, Usage } from '../store/schema.ts';
import { insertStep, type StepBody, stepBody, toStep, updateStep } from '../store/steps.ts';
import { type StepRow } from '../store/schema.ts';
import { toolCallDeltas } from '../events/delta-events.ts';
import type { Emit } from '../events/event-bus.ts';

/*
 * The steps of a run (contract §6): a message step and its message begin together and end together;
 * a step of function calls holds all those of one model turn and stays open until they are answered;
 * a step of hosted tools' calls holds those that were made in a row. Steps are told in the order of
 * contract §7.3, one after the other.
 */

/** A message step in progress. */
export interface OpenMessage {
  readonly message: MessageRow;
  readonly step: StepRow;
}

/** Where and for whom a run is being written: a transaction, and those who hear of it. */
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

/** Begins a message of the run, still empty, and the step that makes it. */
export async function openMessage(
  { db, emit, clock, ids }: WriteContext,
  run: RunRow,
): Promise<OpenMessage> {
  const created_at = unixSeconds(clock);
  const place = { thread_id: run.thread_id, run_id: run.id, created_at };
  const message_id = ids.newId('msg_');
  const step = await insertStep(db, {
    ...place,
    id: ids.newId('step_'),
    body: newStep(run, { type: 'message_creation', message_creation: { message_id } }),
  });
  const message = await insertMessage(db, {
    ...place,
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

export type CutReason =
  | 'content_filter'
  | 'max_tokens'
  | 'run_cancelled'
  | 'run_expired'
  | 'run_failed';

/** Ends a message, whole or cut off for a reason; one that was deleted meanwhile stays deleted. */
export async function endMessage(
  { db, emit, clock }: WriteContext,
  message: MessageRow,
  content: MessageContent[],
  reason: CutReason | null,
): Promise<void> {
  const now = unixSeconds(clock);
  const status = reason === null ? 'completed' : 'incomplete';
  const body = {
    ...messageBody(message),
    content,
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

type StepEnd = 'completed' | 'cancelled' | 'expired' | 'failed';

/** Ends a step: exactly one of its four end times is set. */
export async function endStep(
  { db, emit, clock }: Omit<WriteContext, 'ids'>,
  step: StepRow,
  end: StepEnd,
  rest: Partial<Pick<StepBody, 'usage' | 'last_error' | 'step_details'>>,
): Promise<void> {
  const ended = await updateStep(db, step.id, {
    ...stepBody(step),
    status: end,
    [`${end}_at`]: unixSeconds(clock),
    expires_at: null,
    ...rest,
  });
  emit(step.run_id, { event: `thread.run.step.${end}`, data: toStep(ended) });
}

/** Ends a message step whose message is done: the step is completed even if the text was cut off. */
export async function closeMessage(
  writeContext: WriteContext,
  { message, step }: OpenMessage,
  content: MessageContent[],
  { reason, usage }: { readonly reason: CutReason | null; readonly usage: Usage },
): Promise<void> {
  await endMessage(writeContext, message, content, reason);
  await endStep(writeContext, step, 'completed', { usage });
}

/** Begins a step with these calls, as far as they have come. */
export async function openToolStep(
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
  const begun = { ...step, step_details: { type: 'tool_calls' as const, tool_calls: [] } };
  emit(run.id, { event: 'thread.run.step.created', data: begun });
  emit(run.id, { event: 'thread.run.step.in_progress', data: begun });
  for (const event of toolCallDeltas(step.id, tool_calls)) emit(run.id, event);
  return row;
}
