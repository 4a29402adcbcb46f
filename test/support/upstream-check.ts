import type OpenAI from 'openai';
import { responsesRequest, type InputItem, type ResponsesRequest } from './upstream-request.ts';

type Item = OpenAI.Responses.ResponseOutputItem;
type Tool = NonNullable<ResponsesRequest['tools']>[number];

/** The error for a request that the endpoint rejects. */
export interface Rejection {
  readonly status: number;
  readonly message: string;
  readonly param: string | null;
  readonly code: string | null;
}

const reject = (message: string, param: string | null = 'input', code: string | null = null) => ({
  status: 400,
  message,
  param,
  code,
});

const callIds = (input: readonly InputItem[], type: 'function_call' | 'function_call_output') =>
  input.flatMap((item) => ('call_id' in item && item.type === type ? [item.call_id] : []));

function checkPairs(input: readonly InputItem[]): Rejection | null {
  const calls = callIds(input, 'function_call');
  const outputs = callIds(input, 'function_call_output');
  const unanswered = calls.find((id) => !outputs.includes(id));
  if (unanswered !== undefined) {
    return reject(`No tool output found for function call ${unanswered}.`);
  }
  const foreign = outputs.find((id) => !calls.includes(id));
  if (foreign === undefined) return null;
  return reject(`No tool call found for function call output with call_id ${foreign}.`);
}

const isModelOutput = (item: InputItem | undefined) =>
  item !== undefined &&
  ('role' in item ? item.role === 'assistant' : item.type !== 'function_call_output');

/** `required` maps the id of each item sent to the id of the reasoning item that led to it. */
function checkReasoning(
  { input, store }: ResponsesRequest,
  required: ReadonlyMap<string, string>,
): Rejection | null {
  for (const [index, item] of input.entries()) {
    if ('type' in item && item.type === 'reasoning') {
      if (!isModelOutput(input[index + 1])) {
        return reject(
          `Item '${item.id}' of type 'reasoning' was provided without its required following item.`,
        );
      }
      if (store === false && typeof item.encrypted_content !== 'string') {
        const text = `Item with id '${item.id}' not found. Items are not persisted when \`store\` is set to false.`;
        return { ...reject(text), status: 404 };
      }
    } else if ('id' in item && item.id !== undefined) {
      const reasoning = required.get(item.id);
      const isPresent = input.some((other) => 'id' in other && other.id === reasoning);
      if (reasoning !== undefined && !isPresent) {
        return reject(
          `Item '${item.id}' of type '${item.type ?? 'message'}' was provided without its required 'reasoning' item: '${reasoning}'.`,
        );
      }
    }
  }
  return null;
}

const textOf = (item: InputItem): string =>
  'role' in item && item.role !== 'assistant' ? JSON.stringify(item.content) : '';

function checkSettings(body: ResponsesRequest, isOpenAI: boolean): Rejection | null {
  const { tool_choice: choice, tools = [], input, text } = body;
  if (choice === 'required' && tools.length === 0) {
    return reject(
      "Tool choice 'required' must be specified with 'tools' parameter.",
      'tool_choice',
    );
  }
  const isChosen = (tool: Tool) =>
    'name' in tool ? 'name' in wanted && tool.name === wanted.name : tool.type === wanted.type;
  const wanted = typeof choice === 'object' ? choice : { type: null };
  if (wanted.type !== null && !tools.some(isChosen)) {
    return reject(`Tool choice '${wanted.type}' not found in 'tools' parameter.`, 'tool_choice');
  }
  const isJsonMode = isOpenAI && text?.format?.type === 'json_object';
  if (isJsonMode && !input.some((item) => /json/iu.test(textOf(item)))) {
    return reject(
      "Response input messages must contain the word 'json' in some form to use 'text.format' of type 'json_object'.",
    );
  }
  return null;
}

function checkStrictTools({ tools = [] }: ResponsesRequest): Rejection | null {
  const invalid = tools
    .filter((tool) => tool.type === 'function')
    .find(({ strict, parameters }) => strict && parameters['additionalProperties'] !== false);
  if (invalid === undefined) return null;
  return reject(
    `Invalid schema for function '${invalid.name}': In context=(), 'additionalProperties' is required to be supplied and to be false.`,
    'tools[0].parameters',
    'invalid_function_parameters',
  );
}

/** Checks a body against the schema only. */
export function parse(body: unknown): ResponsesRequest | Rejection {
  const parsed = responsesRequest.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  return reject(`${issue?.path.join('.')}: ${issue?.message}`, null, 'invalid_request');
}

/** Checks a request like the real endpoint; null: it is accepted. */
export function check(
  body: ResponsesRequest,
  required: ReadonlyMap<string, string>,
  isOpenAI = true,
): Rejection | null {
  const { input } = body;
  if (input.length === 0) {
    return reject(
      "One of 'input' or 'previous_response_id' or 'prompt' or 'conversation_id' must be provided.",
      'input',
      'missing_required_parameter',
    );
  }
  return (
    checkStrictTools(body) ??
    checkSettings(body, isOpenAI) ??
    checkPairs(input) ??
    checkReasoning(body, required)
  );
}

/** Pairs of ids: an item of a response, and the reasoning item that must be sent back with it. */
export function reasoningOf(output: readonly Item[]): [string, string][] {
  return output.flatMap((item, index) => {
    const previous = output[index - 1];
    if (previous?.type !== 'reasoning' || !('id' in item) || !item.id) return [];
    return [[item.id, previous.id]];
  });
}
