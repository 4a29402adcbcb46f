import type OpenAI from 'openai';
import { readJson } from './sdk-call.ts';
import { isRunning } from '../shared/run-status.ts';
import type { ToolContext } from './tool.ts';

type Run = OpenAI.Beta.Threads.Run;
type Step = OpenAI.Beta.Threads.Runs.RunStep;

/** Hosts show about this many characters of a progress message. */
const longestMessage = 200;

interface StepProgress {
  readonly id: string;
  readonly text: string;
}

function describeStep({ id, step_details: details }: Step): StepProgress {
  if (details.type === 'message_creation') return { id, text: `${id} writes a message` };
  const calls = details.tool_calls.map((call) =>
    call.type === 'function' ? call.function.name : call.type,
  );
  return { id, text: `${id} calls ${calls.join(', ')}` };
}

/** The run's newest steps, oldest first; none when they cannot be read: progress is a courtesy. */
async function readSteps(
  { id, thread_id }: Run,
  { openai, signal }: ToolContext,
): Promise<StepProgress[]> {
  const query = { thread_id, order: 'desc', limit: 100 } as const;
  try {
    const { body } = await readJson(openai.beta.threads.runs.steps.list(id, query, { signal }));
    return body.data.map(describeStep).toReversed();
  } catch {
    return [];
  }
}

/**
 * Makes the function that is shown every look at a run and tells the client of each status and each
 * step that is new: a status before its steps while the run moves, after them when it stands still.
 */
export function createProgressReporter(call: ToolContext): (run: Run) => Promise<void> {
  const { progress } = call;
  if (progress === null) return async () => {};
  let told = '';
  const known = new Set<string>();
  const report = (text: string) => progress(text.slice(0, longestMessage));
  const reportStatus = async ({ id, status }: Run) => {
    if (status === told) return;
    told = status;
    await report(`${id} is ${status}`);
  };
  const newSteps = async (run: Run) => {
    const steps = (await readSteps(run, call)).filter(({ id }) => !known.has(id));
    for (const { id } of steps) known.add(id);
    return steps;
  };
  return async (run) => {
    if (isRunning(run.status)) await reportStatus(run);
    if (run.status === 'queued') {
      // A run that is queued once more, with its outputs, has steps already, told by an earlier call.
      if (typeof run.started_at === 'number') await newSteps(run);
      return;
    }
    for (const { text } of await newSteps(run)) await report(text);
    await reportStatus(run);
  };
}
