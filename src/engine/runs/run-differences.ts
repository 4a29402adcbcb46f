import { responseFormatMismatch } from '../models/json-reply-check.ts';
import type { MessageContent } from '../models/model.ts';
import { runSettings, runState } from '../store/runs.ts';
import type { RunRow, RunState } from '../store/schema.ts';
import type { FinishedEvent } from './end-run.ts';

type Differences = Pick<
  RunState,
  'omitted_parameters' | 'omitted_tools' | 'response_format_mismatch'
>;

const union = (earlier: readonly string[] = [], later: readonly string[] = []): string[] => [
  ...new Set([...earlier, ...later]),
];

/** What a finished call adds to what its run differs in from what was asked for. */
function differencesOf(
  run: RunRow,
  { omitted, calls, end }: FinishedEvent,
  reply: readonly MessageContent[],
): Differences {
  const earlier = runState(run);
  const parameters = union(earlier.omitted_parameters, omitted?.parameters);
  const tools = union(earlier.omitted_tools, omitted?.tools);
  const isReply = calls.length === 0 && end === 'stop';
  const mismatch = isReply ? responseFormatMismatch(runSettings(run), reply) : null;
  return {
    ...(parameters.length > 0 && { omitted_parameters: parameters }),
    ...(tools.length > 0 && { omitted_tools: tools }),
    ...(mismatch !== null && { response_format_mismatch: mismatch }),
  };
}

/** The run with what a finished call differed in from what was asked for. */
export function withDifferences(
  run: RunRow,
  event: FinishedEvent,
  reply: readonly MessageContent[],
): RunRow {
  const differences = differencesOf(run, event, reply);
  if (Object.keys(differences).length === 0) return run;
  // In this order, whichever came first.
  const { omitted_parameters: _parameters, omitted_tools: _tools, ...state } = runState(run);
  return { ...run, state: JSON.stringify({ ...state, ...differences }) };
}
