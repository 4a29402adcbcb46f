import type OpenAI from 'openai';
import { ApiError } from '../shared/errors.ts';
import { cutText, escapeControlCharacters } from '../shared/text.ts';
import { quote } from './confirm-deletion.ts';
import type { Form, Person, RunIds, TextField } from './person.ts';
import { type ApiResponse, readJson } from './sdk-call.ts';
import type { ToolContext } from './tool.ts';

type Run = OpenAI.Beta.Threads.Run;
type Call = OpenAI.Beta.Threads.RequiredActionFunctionToolCall;
type ToolOutput = OpenAI.Beta.Threads.RunSubmitToolOutputsParams.ToolOutput;

/** In characters, of a call's arguments in the form. */
const maxArgumentsLength = 2000;

/** The calls that a run waits for; some servers omit fields that the SDK's types declare. */
const pendingCalls = (run: Run): readonly Call[] =>
  run.status === 'requires_action'
    ? (run.required_action?.submit_tool_outputs?.tool_calls ?? [])
    : [];

/** `name`, or `name_2` and so on for further calls of the function. */
const fieldName = (calls: readonly Call[], index: number): string => {
  const name = calls[index]?.function.name ?? '';
  const number = calls.slice(0, index + 1).filter((call) => call.function.name === name).length;
  return number === 1 ? name : `${name}_${number}`;
};

const toField = (calls: readonly Call[], { function: called }: Call, index: number): TextField => ({
  name: fieldName(calls, index),
  title: called.name,
  description: `Arguments: ${escapeControlCharacters(cutText(called.arguments, maxArgumentsLength))}`,
});

function toForm(calls: readonly Call[]): Form {
  const described = calls.map(
    ({ function: { name, arguments: args } }) =>
      `${name}(${quote(args, maxArgumentsLength).slice(1, -1)})`,
  );
  return {
    message: `The assistant waits for your answer to ${described.join(', ')}.`,
    fields: calls.map((call, index) => toField(calls, call, index)),
  };
}

/** Asks the person for the outputs of calls; null unless they gave all of them. */
async function askOutputs(person: Person, calls: readonly Call[], run: RunIds | null) {
  const key = `outputs ${calls.map(({ id }) => id).join(' ')}`;
  const answer = await person.ask({ key, run }, async () => toForm(calls));
  if (answer.action !== 'accept') return null;
  const outputs = calls.map(({ id }, index) => ({
    tool_call_id: id,
    output: answer.texts.get(fieldName(calls, index)) ?? '',
  }));
  return outputs.every(({ output }) => output !== '') ? outputs : null;
}

/**
 * Asks the person for the outputs that a run waits for, and submits them. Resolves to null when the
 * run waits for none, for others too, or when the person does not give them.
 */
export async function submitPersonOutputs(
  run: Run,
  { person, openai, signal, toolName }: ToolContext,
): Promise<ApiResponse<Run> | null> {
  const calls = pendingCalls(run);
  if (person === null || calls.length === 0 || toolName('submit_tool_outputs') === null) {
    return null;
  }
  if (!calls.every((call) => person.functions.has(call.function?.name))) return null;
  const { id: run_id, thread_id } = run;
  const tool_outputs = await askOutputs(person, calls, { thread_id, run_id });
  if (tool_outputs === null) return null;
  const { runs } = openai.beta.threads;
  try {
    return await readJson(runs.submitToolOutputs(run_id, { thread_id, tool_outputs }, { signal }));
  } catch (error) {
    // The run may have ended while the person answered.
    const current = await readJson(runs.retrieve(run_id, { thread_id }, { signal }));
    if (current.body.status === 'requires_action') throw error;
    return current;
  }
}

/**
 * The outputs that a caller submits, and those that the person gives for the functions that are theirs
 * and that the caller leaves out. Rejects if the person gives none.
 */
export async function addPersonOutputs(
  { run_id, thread_id }: RunIds,
  outputs: readonly ToolOutput[],
  { person, openai, signal }: ToolContext,
): Promise<ToolOutput[]> {
  const isSubmitted = person !== null && person.pendingRun !== null;
  if (person === null || person.functions.size === 0 || isSubmitted) return [...outputs];
  const { runs } = openai.beta.threads;
  const { body: run } = await readJson(runs.retrieve(run_id, { thread_id }, { signal }));
  const given = new Set(outputs.map(({ tool_call_id }) => tool_call_id));
  const missing = pendingCalls(run).filter(({ id }) => !given.has(id));
  const arePersons = missing.every((call) => person.functions.has(call.function?.name));
  if (missing.length === 0 || !arePersons) return [...outputs];
  const own = await askOutputs(person, missing, null);
  if (own !== null) return [...outputs, ...own];
  const names = missing.map((call) => call.function.name).join(', ');
  const message = `The person gave no output for ${names}. Nothing was submitted.`;
  throw new ApiError(null, message, { code: 'no_answer' });
}
