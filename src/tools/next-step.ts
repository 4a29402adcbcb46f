import type OpenAI from 'openai';
import { isRunning } from '../shared/run-status.ts';
import type { ToolNameLookup } from './tool.ts';

type Run = OpenAI.Beta.Threads.Run;

const quoted = (text: string): string => JSON.stringify(text);

/** The ids that every call on a run takes, as an agent reads them. */
export const formatRunIds = (threadId: string, runId: string): string =>
  `thread_id ${quoted(threadId)} and run_id ${quoted(runId)}`;

function outputsDue(run: Run, names: ToolNameLookup): string | null {
  const tool = names('submit_tool_outputs');
  // Not every server fills in all that the API's own types promise.
  const calls = run.required_action?.submit_tool_outputs?.tool_calls ?? [];
  if (tool === null || calls.length === 0) return null;
  const due = calls.map((call) => `${call.id} (${call.function?.name})`).join(', ');
  return `Call ${tool} with ${formatRunIds(run.thread_id, run.id)} and outputs for ${due}.`;
}

/** One sentence on what is left to do for a run; null when nothing is, or no tool here does it. */
export function nextStep(run: Run, names: ToolNameLookup): string | null {
  if (run.status === 'requires_action') return outputsDue(run, names);
  const tool = names('get_run');
  if (tool === null || !isRunning(run.status)) return null;
  return `Call ${tool} with ${formatRunIds(run.thread_id, run.id)} and wait_seconds 30 to wait on.`;
}
