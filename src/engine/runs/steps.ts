import { type Clock, type Ids, seconds } from '../../clock.ts';
import type { FunctionCall, MessageContent } from '../models/model.ts';
import {
  insertMessage,
  messageBody,
  type MessageRow,
  updateMessageBody,
} from '../store/messages.ts';
import { runSettings, type RunRow } from '../store/runs.ts';
import type { Database, Usage } from '../store/schema.ts';
import { insertStep, type StepBody, stepBody, type StepRow, updateStep } from '../store/steps.ts';

/*
 * The steps of a run (contract §6): a message step and its message begin together and end together;
 * a tool step holds all the calls of one model turn and stays open until they are answered.
 */

/** A message step in progress. */
export interface OpenMessage {
  readonly message: MessageRow;
  readonly step: StepRow;
}

type Author = { readonly clock: Clock; readonly ids: Ids };

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
  db: Database,
  run: RunRow,
  { clock, ids }: Author,
): Promise<OpenMessage> {
  const created_at = seconds(clock);
  const place = { thread_id: run.thread_id, run_id: run.id, created_at };
  const message_id = ids.object('msg_');
  const step = await insertStep(db, {
    ...place,
    id: ids.object('step_'),
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
  return { message, step };
}

type CutReason = 'content_filter' | 'max_tokens' | 'run_cancelled' | 'run_expired' | 'run_failed';

/** Ends a message at `now` (Unix seconds), whole or cut off for a reason. */
export function endMessage(
  db: Database,
  message: MessageRow,
  content: MessageContent[],
  now: number,
  reason: CutReason | null,
): Promise<void> {
  return updateMessageBody(db, message.id, {
    ...messageBody(message),
    content,
    status: reason === null ? 'completed' : 'incomplete',
    completed_at: reason === null ? now : null,
    incomplete_at: reason === null ? null : now,
    incomplete_details: reason === null ? null : { reason },
  });
}

type StepEnd = 'completed' | 'cancelled' | 'expired' | 'failed';

/** Ends a step at `now` (Unix seconds): exactly one of its four end times is set. */
export function endStep(
  db: Database,
  step: StepRow,
  end: StepEnd,
  now: number,
  rest: Partial<Pick<StepBody, 'usage' | 'last_error' | 'step_details'>>,
): Promise<void> {
  return updateStep(db, step.id, {
    ...stepBody(step),
    status: end,
    [`${end}_at`]: now,
    expires_at: null,
    ...rest,
  });
}

/** Ends a message step whose message is done: the step is completed even if the text was cut off. */
export async function closeMessage(
  db: Database,
  { message, step }: OpenMessage,
  content: MessageContent[],
  now: number,
  { reason, usage }: { readonly reason: CutReason | null; readonly usage: Usage },
): Promise<void> {
  await endMessage(db, message, content, now, reason);
  await endStep(db, step, 'completed', now, { usage });
}

/** Begins the step of one turn's function calls; their outputs are still to come. */
export function openToolStep(
  db: Database,
  run: RunRow,
  calls: readonly FunctionCall[],
  { clock, ids }: Author,
): Promise<StepRow> {
  const tool_calls = calls.map(({ id, name, arguments: args }) => ({
    id,
    type: 'function' as const,
    function: { name, arguments: args, output: null },
  }));
  return insertStep(db, {
    id: ids.object('step_'),
    created_at: seconds(clock),
    thread_id: run.thread_id,
    run_id: run.id,
    body: newStep(run, { type: 'tool_calls', tool_calls }),
  });
}
