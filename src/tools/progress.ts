import type OpenAI from 'openai';
import { receive } from './answer.ts';
import { isMoving } from './next.ts';
import type { Call } from './tool.ts';

type Run = OpenAI.Beta.Threads.Run;
type Step = OpenAI.Beta.Threads.Runs.RunStep;

/** Hosts show about this many characters of a progress message. */
const longestMessage = 200;

function describeStep({ id, step_details: details }: Step): string {
  if (details.type === 'message_creation') return `${id} writes a message`;
  const calls = details.tool_calls.map((call) =>
    call.type === 'function' ? call.function.name : call.type,
  );
  return `${id} calls ${calls.join(', ') || 'tools'}`;
}

/** The run's newest steps, oldest first; none when they cannot be read, since progress is a courtesy. */
async function readSteps(run: Run, { openai, signal }: Call): Promise<Step[]> {
  const query = { thread_id: run.thread_id, order: 'desc', limit: 100 } as const;
  try {
    const { body } = await receive(openai.beta.threads.runs.steps.list(run.id, query, { signal }));
    return body.data.toReversed();
  } catch {
    return [];
  }
}

/**
 * Makes the function that is shown every look at a run and tells the client of each status and each
 * step that is new: a status before its steps while the run moves, after them when it stands still.
 */
export function reporter(call: Call): (run: Run) => Promise<void> {
  const { progress } = call;
  if (progress === null) return async () => {};
  let told = '';
  const known = new Set<string>();
  const tell = (text: string) => progress(text.slice(0, longestMessage));
  const tellStatus = async ({ id, status }: Run) => {
    if (status === told) return;
    told = status;
    await tell(`${id} is ${status}`);
  };
  return async (run) => {
    if (isMoving(run.status)) await tellStatus(run);
    if (run.status === 'queued') return;
    for (const step of await readSteps(run, call)) {
      if (known.has(step.id)) continue;
      known.add(step.id);
      await tell(describeStep(step));
    }
    await tellStatus(run);
  };
}
