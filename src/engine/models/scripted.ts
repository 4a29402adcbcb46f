import type OpenAI from 'openai';
import { type Ids, randomIds } from '../../shared/ids.ts';
import type { ContextMessage, FunctionCall, Model, ModelEvent, ModelRequest } from './model.ts';
import { exampleFor } from './json-schema-example.ts';
import { functionsOnly } from './tool-support.ts';

type FunctionTool = Extract<OpenAI.Beta.AssistantTool, { type: 'function' }>;

const isFunction = (tool: OpenAI.Beta.AssistantTool): tool is FunctionTool =>
  tool.type === 'function';

const textOf = ({ content }: ContextMessage): string =>
  content.flatMap((part) => (part.type === 'text' ? [part.text.value] : [])).join(' ');

/** The function that `tool_choice` names, else the first one; none after the first turn. */
function chooseFunction({ settings, turns }: ModelRequest): FunctionTool | undefined {
  const { tool_choice, tools } = settings;
  if (tool_choice === 'none' || turns.length > 0) return undefined;
  const functions = tools.filter(isFunction);
  const chosenName = typeof tool_choice === 'object' ? tool_choice.function?.name : undefined;
  return functions.find((tool) => tool.function.name === chosenName) ?? functions[0];
}

function callFunction(tool: FunctionTool): FunctionCall {
  const { name, parameters = {} } = tool.function;
  return { id: '', name, arguments: JSON.stringify(exampleFor(parameters)) };
}

const isCall = (item: unknown): item is FunctionCall =>
  typeof item === 'object' && item !== null && 'name' in item && 'id' in item;

function replyText({ messages, turns }: ModelRequest): string {
  const { items = [], outputs = [] } = turns.at(-1) ?? {};
  const names = new Map(items.filter(isCall).map((call) => [call.id, call.name]));
  const results = outputs.map(
    ({ tool_call_id, output }) => `${names.get(tool_call_id) ?? 'a function'} said: ${output}`,
  );
  const question = messages.findLast(({ role }) => role === 'user');
  const echo =
    question === undefined ? 'nobody has said anything' : `you said: ${textOf(question)}`;
  return `Scripted model: ${results.length > 0 ? results.join('; ') : echo}`;
}

/** A rough, deterministic estimate. */
const countTokens = (text: string): number => Math.ceil(text.length / 4);

function finish(request: ModelRequest, text: string, calls: FunctionCall[]): ModelEvent {
  const prompt = countTokens(JSON.stringify([request.settings, request.messages, request.turns]));
  const completion = countTokens(text + JSON.stringify(calls));
  return {
    type: 'finished',
    items: calls,
    calls,
    usage: {
      prompt_tokens: prompt,
      completion_tokens: completion,
      total_tokens: prompt + completion,
      prompt_token_details: { cached_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 0 },
    },
    end: 'stop',
    truncated: false,
  };
}

function* respond(request: ModelRequest, ids: Ids): Generator<ModelEvent> {
  const tool = chooseFunction(request);
  if (tool !== undefined) {
    yield finish(request, '', [{ ...callFunction(tool), id: ids.newId('call_') }]);
    return;
  }
  const text = replyText(request);
  yield { type: 'message_started' };
  for (const word of text.split(/(?<= )/)) {
    yield { type: 'delta', part: 0, kind: 'text', text: word };
  }
  yield { type: 'message_done' };
  yield finish(request, text, []);
}

/**
 * An offline, deterministic model for tests and demos. It calls one function per run, with example
 * arguments from the function's JSON Schema, and then repeats the user's message or the tool outputs.
 */
export const createScriptedModel = (ids: Ids = randomIds): Model => ({
  unavailable: null,
  unsupportedTools: functionsOnly('the scripted model'),
  async *respond(request) {
    request.signal.throwIfAborted();
    yield [...respond(request, ids)];
  },
});
