import { question, weatherFunction } from './weather.ts';

/** A call of one of our tools. */
export interface Call {
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** What the host is to do next: call a tool, or say a text. */
export type Action = Call | { readonly text: string };

/** What hosts with a model are told; the model knows the rest. */
export const prompt = 'Do the weather job.';

/** The text of the last result of each tool that the host has called. */
export type Results = ReadonlyMap<string, string>;

/** The job of one trial: what `get_weather` returns in it cannot be guessed. */
export interface Job {
  readonly weather: string;
}

/** A result without the id or text that the next call needs. */
class MissingValue extends Error {}

/** What a pattern finds in the result of a tool. */
function find(results: Results, tool: string, pattern: RegExp): string {
  const result = results.get(tool) ?? '';
  const found = pattern.exec(result)?.[0];
  if (found !== undefined) return found;
  throw new MissingValue(`The job stopped after ${tool}: ${result.slice(0, 300)}`);
}

const assistantId = (results: Results) => find(results, 'create_assistant', /asst_\w{20,}/u);
const threadId = (results: Results) => find(results, 'create_thread', /thread_\w{20,}/u);
const fileId = (results: Results) => find(results, 'upload_file', /file-\w+/u);
const messageId = (results: Results) => find(results, 'create_message', /msg_\w{20,}/u);
const runId = (results: Results) => find(results, 'create_run', /run_\w{20,}/u);
const callId = (results: Results) => find(results, 'get_run', /call_\w{20,}/u);

const inThread = (results: Results) => ({ thread_id: threadId(results) });
const inRun = (results: Results) => ({ ...inThread(results), run_id: runId(results) });

type Arguments = (results: Results, job: Job) => Call['args'];

/** The calls of the job, in order. */
const calls: ReadonlyMap<string, Arguments> = new Map<string, Arguments>([
  ['create_assistant', () => ({ model: 'scripted', name: 'Weather', tools: [weatherFunction] })],
  ['upload_file', () => ({ filename: 'notes.txt', text: 'It is often windy in Oslo.' })],
  ['create_thread', () => ({})],
  [
    'create_message',
    (results) => ({
      ...inThread(results),
      role: 'user',
      content: question,
      attachments: [{ file_id: fileId(results), tools: [{ type: 'file_search' }] }],
    }),
  ],
  [
    'create_run',
    (results) => ({ ...inThread(results), assistant_id: assistantId(results), wait_seconds: 0 }),
  ],
  ['get_run', (results) => ({ ...inRun(results), wait_seconds: 20 })],
  [
    'submit_tool_outputs',
    (results, { weather }) => ({
      ...inRun(results),
      tool_outputs: [{ tool_call_id: callId(results), output: weather }],
      wait_seconds: 20,
    }),
  ],
  ['list_run_steps', (results) => inRun(results)],
  ['list_message_files', (results) => ({ ...inThread(results), message_id: messageId(results) })],
]);

/** The tools that the job calls. */
export const jobTools: readonly string[] = [...calls.keys()];

/** What the host says in the end; it can know the weather, steps and files from results alone. */
export const finalText = (weather: string, steps: number, files: number): string =>
  `The weather is ${weather}, after ${steps} steps, with ${files} file.`;

const countIds = (text: string, pattern: RegExp): number => new Set(text.match(pattern)).size;

function summarize(results: Results, job: Job): string {
  const weather = find(results, 'submit_tool_outputs', new RegExp(job.weather, 'u'));
  const steps = countIds(results.get('list_run_steps') ?? '', /step_\w{20,}/gu);
  const files = countIds(results.get('list_message_files') ?? '', /file-\w+/gu);
  return finalText(weather, steps, files);
}

/** The first call of the job that has no result yet; after all of them, the final text. */
export function nextAction(results: Results, job: Job): Action {
  try {
    for (const [tool, toArguments] of calls) {
      if (!results.has(tool)) return { tool, args: toArguments(results, job) };
    }
    return { text: summarize(results, job) };
  } catch (error) {
    if (error instanceof MissingValue) return { text: error.message };
    throw error;
  }
}

/** What the final text must be if the job was done. */
export const expectedText = ({ weather }: Job): string => finalText(weather, 2, 1);
