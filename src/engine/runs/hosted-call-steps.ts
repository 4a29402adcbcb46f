import type OpenAI from 'openai';
import type { HostedCall, ModelEvent } from '../models/model.ts';
import { putContainer } from '../store/code-containers.ts';
import { runSettings } from '../store/runs.ts';
import { type RunRow } from '../store/schema.ts';
import type { Usage } from '../store/schema.ts';
import { stepBody, updateStep } from '../store/steps.ts';
import { type StepRow } from '../store/schema.ts';
import { outputDeltas, wholeCall } from '../events/delta-events.ts';
import { endStep, openToolStep, type WriteContext } from './step-writer.ts';

/*
 * Calls of tools that the model endpoint hosts. They run by themselves while the model answers;
 * those that come one after the other, with nothing of another kind between them, share a step.
 */
type ToolCall = OpenAI.Beta.Threads.Runs.ToolCall;

/** A step of such calls in progress. */
export interface OpenCalls {
  readonly step: StepRow;
  readonly calls: readonly ToolCall[];
  /** The code of the last call as far as it has come; null when no call is under way. */
  readonly input: string | null;
}

const detailsOf = (calls: readonly ToolCall[]) => ({
  type: 'tool_calls' as const,
  tool_calls: [...calls],
});

/** Writes down the calls as far as they have come. */
export async function saveCalls(
  { db }: Pick<WriteContext, 'db'>,
  { step, calls, input }: OpenCalls,
): Promise<void> {
  const known = calls.map((call, index) =>
    call.type === 'code_interpreter' && index === calls.length - 1 && input !== null
      ? { ...call, code_interpreter: { ...call.code_interpreter, input } }
      : call,
  );
  await updateStep(db, step.id, { ...stepBody(step), step_details: detailsOf(known) });
}

/** Begins a call, in the step of those right before it or in one of its own. */
export async function beginCall(
  writeContext: WriteContext,
  run: RunRow,
  open: OpenCalls | null,
  begun: HostedCall,
): Promise<OpenCalls> {
  const call: ToolCall = { ...begun, id: writeContext.ids.newId('call_') };
  if (open === null) {
    return { step: await openToolStep(writeContext, run, [call]), calls: [call], input: '' };
  }
  const next = { ...open, calls: [...open.calls, call], input: '' };
  await saveCalls(writeContext, next);
  for (const event of wholeCall(open.step.id, call, open.calls.length))
    writeContext.emit(run.id, event);
  return next;
}

/** Ends the call under way; the thread's later code runs where this did. */
export async function finishCall(
  writeContext: WriteContext,
  run: RunRow,
  { step, calls }: OpenCalls,
  { call: done, container }: Extract<ModelEvent, { type: 'call_done' }>,
): Promise<OpenCalls> {
  const index = calls.length - 1;
  const call: ToolCall = { ...done, id: calls[index]?.id ?? '' };
  const open = { step, calls: [...calls.slice(0, -1), call], input: null };
  await saveCalls(writeContext, open);
  if (container !== undefined) {
    const file_ids = runSettings(run).tool_resources.code_interpreter?.file_ids ?? [];
    await putContainer(writeContext.db, run.thread_id, { id: container, file_ids });
  }
  for (const event of outputDeltas(step.id, index, call)) writeContext.emit(run.id, event);
  return open;
}

/** Ends a step none of whose calls is under way. */
export const closeCalls = (
  writeContext: WriteContext,
  { step, calls }: OpenCalls,
  usage: Usage,
): Promise<void> =>
  endStep(writeContext, step, 'completed', { usage, step_details: detailsOf(calls) });
