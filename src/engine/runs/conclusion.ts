import { seconds } from '../../shared/clock.ts';
import type { FunctionCall, ModelEvent } from '../models/model.ts';
import { type RunRow, runSettings } from '../store/runs.ts';
import type { Usage } from '../store/schema.ts';
import { overPromptBudget } from '../prompt/context.ts';
import { endRun, settleRun, standing } from './end-run.ts';
import { advance, nextStatus } from '../run-state-machine.ts';
import { openToolStep, type Writing } from './step-writer.ts';

export type Finished = Extract<ModelEvent, { type: 'finished' }>;

/** Whether the run stops here to have functions called; calls that were cut off are never shown. */
export const waitsForOutputs = (run: RunRow, { end, calls }: Finished): boolean =>
  isCalling(end, calls) && nextStatus(run.status, 'require_action') !== undefined;

const isCalling = (end: Finished['end'], calls: readonly FunctionCall[]): boolean =>
  calls.length > 0 && (end === 'stop' || end === 'other');

async function requireAction(
  writing: Writing,
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
  await openToolStep(writing, run, unanswered);
  const moved = advance(standing(run), 'require_action', seconds(writing.clock), {
    required_action: { type: 'submit_tool_outputs', submit_tool_outputs: { tool_calls } },
  });
  await settleRun(writing, run, moved);
}

/** The end of a run whose model has nothing more to do (contract §5.7, §8.7). */
async function endTurn(
  writing: Writing,
  run: RunRow,
  end: Finished['end'],
  { spent, spoke }: { readonly spent: Usage; readonly spoke: boolean },
): Promise<void> {
  if (end === 'content_filter' && !spoke) {
    const message = "The model's answer was withheld by its content filter.";
    await endRun(writing, run, 'fail', { last_error: { code: 'invalid_prompt', message } });
  } else if (end === 'length') {
    const incomplete_details = { reason: 'max_completion_tokens' } as const;
    await endRun(writing, run, 'cut_off', { incomplete_details });
  } else if (overPromptBudget(runSettings(run), spent)) {
    const incomplete_details = { reason: 'max_prompt_tokens' } as const;
    await endRun(writing, run, 'cut_off', { incomplete_details });
  } else if (end === 'content_filter' || (end === 'other' && !spoke)) {
    await endRun(writing, run, 'cut_off');
  } else {
    await endRun(writing, run, 'complete');
  }
}

/**
 * Takes a run where its finished model call leads: to the caller for outputs, or to its end.
 * `spent` is what all calls of the run have used, this one included; `spoke` whether this one made
 * a message.
 */
export async function concludeTurn(
  writing: Writing,
  run: RunRow,
  event: Finished,
  so: { readonly spent: Usage; readonly spoke: boolean },
): Promise<void> {
  if (waitsForOutputs(run, event)) await requireAction(writing, run, event.calls);
  else if (isCalling(event.end, event.calls)) await endRun(writing, run, 'stop');
  else await endTurn(writing, run, event.end, so);
}
