import { fieldOf } from '../shared/json.ts';
import type OpenAI from 'openai';
import { readJson } from './sdk-call.ts';
import type { ToolContext } from './tool.ts';

type Run = OpenAI.Beta.Threads.Run;
type Step = OpenAI.Beta.Threads.Runs.RunStep;

/** Hosts show about this many characters of a progress message. */
const maxMessageLength = 200;

interface StepProgress {
  readonly id: string;
  readonly message: string;
}

function describeStep({ id, step_details: details }: Step): StepProgress {
  if (details.type === 'message_creation') return { id, message: `${id} writes a message` };
  const calls = details.tool_calls.map((call) =>
    call.type === 'function' ? call.function.name : call.type,
  );
  return { id, message: `${id} calls ${calls.join(', ')}` };
}

/** The run's newest 100 steps, oldest first; none on an error, because progress is optional. */
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

/** Why the run's model call failed and is being made again; null if it is not. */
function retriedError(run: Run): string | null {
  const error: unknown = Reflect.get(run, 'retried_error');
  const message = fieldOf(error, 'message');
  return typeof message === 'string' ? message : null;
}

/**
 * Creates a function that takes each polled state of one run that goes on, and reports new statuses,
 * new steps and failed model calls to the client.
 */
export function createProgressReporter(context: ToolContext): (run: Run) => Promise<void> {
  const { progress } = context;
  if (progress === null) return async () => {};
  let lastStatus = '';
  let lastRetry = '';
  const knownSteps = new Set<string>();
  const report = (message: string) => progress(message.slice(0, maxMessageLength));
  const reportStatus = async ({ id, status }: Run) => {
    if (status === lastStatus) return;
    lastStatus = status;
    await report(`${id} is ${status}`);
  };
  const reportRetry = async (run: Run) => {
    const message = retriedError(run) ?? '';
    if (message === lastRetry) return;
    lastRetry = message;
    if (message !== '') await report(`${run.id} calls the model again: ${message}`);
  };
  const takeNewSteps = async (run: Run) => {
    const steps = (await readSteps(run, context)).filter(({ id }) => !knownSteps.has(id));
    for (const { id } of steps) knownSteps.add(id);
    return steps;
  };
  return async (run) => {
    await reportStatus(run);
    if (run.status === 'queued') {
      // After submit_tool_outputs a run is queued again; an earlier call reported its steps.
      if (typeof run.started_at === 'number') await takeNewSteps(run);
      return;
    }
    for (const { message } of await takeNewSteps(run)) await report(message);
    await reportRetry(run);
  };
}
