import { unixSeconds } from '../../shared/clock.ts';
import type { FunctionCall, ModelEvent } from '../models/model.ts';
import { type RunRow, runSettings } from '../store/runs.ts';
import type { Usage } from '../store/schema.ts';
import { overPromptBudget } from '../prompt/context.ts';
import { endRun, saveTransition, runSnapshot } from './end-run.ts';
import { transition, nextStatus } from '../run-state-machine.ts';
import { openToolStep, type WriteContext } from './step-writer.ts';

export type Finished = Extract<ModelEvent, { type: 'finished' }>;

/** Whether the run stops here to have functions called; calls that were cut off are never shown. */
export const requiresToolOutputs = (run: RunRow, { end, calls }: Finished): boolean =>
  hasUsableCalls(end, calls) && nextStatus(run.status, 'require_action') !== undefined;

const hasUsableCalls = (end: Finished['end'], calls: readonly FunctionCall[]): boolean =>
  calls.length > 0 && (end === 'stop' || end === 'other');

async function requireAction(
  writeContext: WriteContext,
  run: RunRow,
  calls: readonly FunctionCall[],
): Promise<void> {
  const tool_calls = calls.map(({ id, name, arguments: args }) => ({
    id,
    type: 'function' as const,
    function: { name, arguments: args },
  }));
  const unanswered = tool_calls.map((call) => ({
    ...call,
    function: { ...call.function, output: null },
  }));
  await openToolStep(writeContext, run, unanswered);
  const moved = transition(runSnapshot(run), 'require_action', unixSeconds(writeContext.clock), {
    required_action: { type: 'submit_tool_outputs', submit_tool_outputs: { tool_calls } },
  });
  await saveTransition(writeContext, run, moved);
}

/** The end of a run whose model has nothing more to do (contract §5.7, §8.7). */
async function endTurn(
  writeContext: WriteContext,
  run: RunRow,
  end: Finished['end'],
  { spent, spoke }: { readonly spent: Usage; readonly spoke: boolean },
): Promise<void> {
  if (end === 'content_filter' && !spoke) {
    const message = "The model's answer was withheld by its content filter.";
    await endRun(writeContext, run, 'fail', { last_error: { code: 'invalid_prompt', message } });
  } else if (end === 'length') {
    const incomplete_details = { reason: 'max_completion_tokens' } as const;
    await endRun(writeContext, run, 'cut_off', { incomplete_details });
  } else if (overPromptBudget(runSettings(run), spent)) {
    const incomplete_details = { reason: 'max_prompt_tokens' } as const;
    await endRun(writeContext, run, 'cut_off', { incomplete_details });
  } else if (end === 'content_filter' || (end === 'other' && !spoke)) {
    await endRun(writeContext, run, 'cut_off');
  } else {
    await endRun(writeContext, run, 'complete');
  }
}

/**
 * Takes a run where its finished model call leads: to the caller for outputs, or to its end.
 * `spent` is what all calls of the run have used, this one included; `spoke` whether this one made
 * a message.
 */
export async function finishTurn(
  writeContext: WriteContext,
  run: RunRow,
  event: Finished,
  so: { readonly spent: Usage; readonly spoke: boolean },
): Promise<void> {
  if (requiresToolOutputs(run, event)) await requireAction(writeContext, run, event.calls);
  else if (hasUsableCalls(event.end, event.calls)) await endRun(writeContext, run, 'stop');
  else await endTurn(writeContext, run, event.end, so);
}
