import type OpenAI from 'openai';
import { APIError } from 'openai';
import type { Harness } from './engine.ts';

/** Anything with an SDK client. */
export type WithClient = Pick<Harness, 'openai'>;

type AssistantParams = Partial<OpenAI.Beta.AssistantCreateParams>;
type RunParams = Partial<OpenAI.Beta.Threads.RunCreateParamsNonStreaming>;

export const weatherTool = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'Weather by city',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string' } },
      required: ['city'],
    },
  },
} satisfies OpenAI.Beta.AssistantTool;

/** Creates an assistant with the model gpt-4.1-mini and the weather function. */
export const createAssistant = ({ openai }: WithClient, params: AssistantParams = {}) =>
  openai.beta.assistants.create({
    model: 'gpt-4.1-mini',
    instructions: 'Be brief.',
    tools: [weatherTool],
    ...params,
  });

/** Creates a thread in which a user asks for the weather. */
export const createThread = ({ openai }: WithClient, content = 'Weather in Oslo?') =>
  openai.beta.threads.create({ messages: [{ role: 'user', content }] });

/** Creates an assistant, a thread with a question, and a queued run. */
export async function createRun(
  harness: WithClient,
  params: RunParams = {},
  assistant?: AssistantParams,
) {
  const { id: assistant_id } = await createAssistant(harness, assistant);
  const thread = await createThread(harness);
  const run = await harness.openai.beta.threads.runs.create(thread.id, { assistant_id, ...params });
  return { run, thread_id: thread.id, assistant_id };
}

/** Reads the run again. */
export const readRun = ({ openai }: WithClient, run: { id: string; thread_id: string }) =>
  openai.beta.threads.runs.retrieve(run.id, { thread_id: run.thread_id });

/** The steps of a run, oldest first. */
export async function readSteps({ openai }: WithClient, run: { id: string; thread_id: string }) {
  const { id, thread_id } = run;
  const { data } = await openai.beta.threads.runs.steps.list(id, { thread_id, order: 'asc' });
  return data;
}

/** The messages of a thread, oldest first. */
export async function readMessages({ openai }: WithClient, thread_id: string) {
  const { data } = await openai.beta.threads.messages.list(thread_id, { order: 'asc' });
  return data;
}

/** The text of a message. */
export const textOf = ({ content }: OpenAI.Beta.Threads.Message): string =>
  content.map((part) => (part.type === 'text' ? part.text.value : `[${part.type}]`)).join('');

/** The ids of the calls that a run requires outputs for. */
export const callIds = ({ required_action }: OpenAI.Beta.Threads.Run): string[] =>
  required_action?.submit_tool_outputs.tool_calls.map(({ id }) => id) ?? [];

/** Submits the same output for every call of a run. */
export const submitOutputs = (
  { openai }: WithClient,
  run: OpenAI.Beta.Threads.Run,
  output = '-3C, snow',
) =>
  openai.beta.threads.runs.submitToolOutputs(run.id, {
    thread_id: run.thread_id,
    tool_outputs: callIds(run).map((tool_call_id) => ({ tool_call_id, output })),
  });

/** The API error of a call; throws if the call succeeds. */
export async function apiErrorOf(call: Promise<unknown>) {
  const error = await call.then(
    () => new Error('the call succeeded'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof APIError)) throw error;
  const { status, type, code, param } = error;
  const message = error.message.replace(`${status} `, '');
  return { status: Number(status), type, code, param: param ?? null, message };
}
