import type OpenAI from 'openai';
import type { HostedCall, ModelEvent } from '../models/model.ts';
import { putContainer } from '../store/code-containers.ts';
import { runSettings } from '../store/runs.ts';
import type { RunRow, StepRow, Usage } from '../store/schema.ts';
import { stepBody, updateStep } from '../store/steps.ts';
import { callDeltas, outputDeltas } from '../events/delta-events.ts';
import { endStep, startToolStep, type WriteContext } from './step-writer.ts';

/*
 * Calls of tools that the model endpoint hosts and runs while it responds. Consecutive calls, with no
 * message between them, share a step.
 */
type ToolCall = OpenAI.Beta.Threads.Runs.ToolCall;

/** A step of hosted calls in progress. */
export interface OpenCalls {
  readonly step: StepRow;
  readonly calls: readonly ToolCall[];
  /** The code streamed so far for the last call; null when no call is in progress. */
  readonly input: string | null;
}

const stepDetails = (calls: readonly ToolCall[]) => ({
  type: 'tool_calls' as const,
  tool_calls: [...calls],
});

/** Saves the calls, with the code streamed so far. */
export async function saveCalls(
  { db }: Pick<WriteContext, 'db'>,
  { step, calls, input }: OpenCalls,
): Promise<void> {
  const current = calls.map((call, index) =>
    call.type === 'code_interpreter' && index === calls.length - 1 && input !== null
      ? { ...call, code_interpreter: { ...call.code_interpreter, input } }
      : call,
  );
  await updateStep(db, step.id, { ...stepBody(step), step_details: stepDetails(current) });
}

/** Starts a call, in the open step or in a new one. */
export async function startCall(
  writeContext: WriteContext,
  run: RunRow,
  open: OpenCalls | null,
  started: HostedCall,
): Promise<OpenCalls> {
  const call: ToolCall = { ...started, id: writeContext.ids.newId('call_') };
  if (open === null) {
    return { step: await startToolStep(writeContext, run, [call]), calls: [call], input: '' };
  }
  const next = { ...open, calls: [...open.calls, call], input: '' };
  await saveCalls(writeContext, next);
  for (const event of callDeltas(open.step.id, call, open.calls.length))
    writeContext.emit(run.id, event);
  return next;
}

/** Ends the call in progress, and saves its container for later calls of the thread. */
export async function finishCall(
  writeContext: WriteContext,
  run: RunRow,
  { step, calls }: OpenCalls,
  { call: finished, container }: Extract<ModelEvent, { type: 'call_done' }>,
): Promise<OpenCalls> {
  const index = calls.length - 1;
  const call: ToolCall = { ...finished, id: calls[index]?.id ?? '' };
  const open = { step, calls: [...calls.slice(0, -1), call], input: null };
  await saveCalls(writeContext, open);
  if (container !== undefined) {
    const file_ids = runSettings(run).tool_resources.code_interpreter?.file_ids ?? [];
    await putContainer(writeContext.db, run.thread_id, { id: container, file_ids });
  }
  for (const event of outputDeltas(step.id, index, call)) writeContext.emit(run.id, event);
  return open;
}

/** Completes a step that has no call in progress. */
export const endCallStep = (
  writeContext: WriteContext,
  { step, calls }: OpenCalls,
  usage: Usage,
): Promise<void> =>
  endStep(writeContext, step, 'completed', { usage, step_details: stepDetails(calls) });
