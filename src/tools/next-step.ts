import type OpenAI from 'openai';
import { singleLineJson } from '../shared/json.ts';
import { isRunning } from '../shared/run-status.ts';
import type { ToolNameLookup } from './tool.ts';

type Run = OpenAI.Beta.Threads.Run;
type Call = OpenAI.Beta.Threads.RequiredActionFunctionToolCall;

/** How a call names a field of the request body: under capability names it lies in `body`. */
export function bodyField(operation: string, field: string, toolName: ToolNameLookup): string {
  const tool = toolName(operation);
  return tool === null || tool === operation ? field : `body.${field}`;
}

/** The ids that every call on a run takes, as part of a sentence. */
export const formatRunIds = (threadId: string, runId: string): string =>
  `thread_id ${singleLineJson(threadId)} and run_id ${singleLineJson(runId)}`;

const isWord = (text: string): boolean => /^[\w.:-]{1,100}$/u.test(text);

/** Advice is not marked as data, so it repeats nothing that a model could have made a sentence. */
function formatCall({ id, function: called }: Call) {
  const name = called?.name ?? '';
  const callId = isWord(id) ? id : singleLineJson(id.slice(0, 100));
  return isWord(name) ? `${callId} (${name})` : callId;
}

/** The functions whose outputs the caller gives: not those of the person, unless all are theirs. */
function callersCalls(calls: readonly Call[], personFunctions: ReadonlySet<string>) {
  const own = calls.filter((call) => !personFunctions.has(call.function?.name));
  return own.length === 0 ? calls : own;
}

function submitOutputsStep(
  run: Run,
  toolName: ToolNameLookup,
  personFunctions: ReadonlySet<string>,
): string | null {
  const tool = toolName('submit_tool_outputs');
  // Some servers omit fields that the SDK's types declare.
  const calls = run.required_action?.submit_tool_outputs?.tool_calls ?? [];
  if (tool === null || calls.length === 0) return null;
  const own = callersCalls(calls, personFunctions);
  const pending = own.map((call) => formatCall(call)).join(', ');
  const rest = own.length === calls.length ? '' : ' The person is asked for the others.';
  const field = bodyField('submit_tool_outputs', 'tool_outputs', toolName);
  const outputs = field === 'tool_outputs' ? 'outputs' : field;
  return `Call ${tool} with ${formatRunIds(run.thread_id, run.id)} and ${outputs} for ${pending}.${rest}`;
}

/** What to call when a run was cut off; null when no listed tool helps. */
function resumeStep(run: Run, toolName: ToolNameLookup): string | null {
  const tool = toolName('create_run');
  if (tool === null) return null;
  const reason: unknown = run.incomplete_details?.reason;
  const field = reason === 'max_prompt_tokens' ? reason : 'max_completion_tokens';
  const isBudget = reason === field;
  const call = `Call ${tool} with thread_id ${singleLineJson(run.thread_id)}`;
  return isBudget
    ? `${call} and a larger ${bodyField('create_run', field, toolName)} to continue.`
    : `${call} and another user message in ${bodyField('create_run', 'additional_messages', toolName)} to go on.`;
}

/** The tool call that a run without its whole reply needs next; null when none helps or its tool is not listed. */
export function nextStep(
  run: Run,
  toolName: ToolNameLookup,
  personFunctions: ReadonlySet<string> = new Set(),
): string | null {
  if (run.status === 'requires_action') return submitOutputsStep(run, toolName, personFunctions);
  if (run.status === 'incomplete') return resumeStep(run, toolName);
  const tool = toolName('get_run');
  if (tool === null || !isRunning(run.status)) return null;
  return `Call ${tool} with ${formatRunIds(run.thread_id, run.id)} and wait_seconds 30 to keep waiting.`;
}
