import type OpenAI from 'openai';
import { type Ids, randomIds } from '../../shared/ids.ts';
import type { ContextMessage, FunctionCall, Model, ModelEvent, ModelRequest } from './model.ts';
import { exampleFor } from './json-schema-example.ts';
import { functionCalls } from './past-turns.ts';
import { functionsOnly } from './tool-support.ts';

type FunctionTool = Extract<OpenAI.Beta.AssistantTool, { type: 'function' }>;

const isFunction = (tool: OpenAI.Beta.AssistantTool): tool is FunctionTool =>
  tool.type === 'function';

const textOf = ({ content }: ContextMessage): string =>
  content.flatMap((part) => (part.type === 'text' ? [part.text.value] : [])).join(' ');

const questionOf = ({ messages }: ModelRequest): string => {
  const question = messages.findLast(({ role }) => role === 'user');
  return question === undefined ? '' : textOf(question);
};

/** Whether the run has called a function other than the search. */
const hasCalled = ({ turns, searchFunction }: ModelRequest): boolean =>
  turns.some(({ items }) => functionCalls(items).some(({ name }) => name !== searchFunction));

/**
 * The function that `tool_choice` names, else the search, then the first other one. None is called
 * twice.
 */
function chooseFunction(request: ModelRequest): FunctionTool | undefined {
  const { settings, turns, searchFunction } = request;
  const { tool_choice, tools } = settings;
  if (tool_choice === 'none' || hasCalled(request)) return undefined;
  const functions = tools.filter(isFunction);
  const named = (name: string | undefined) => functions.find((tool) => tool.function.name === name);
  if (turns.length > 0) return functions.find((tool) => tool !== named(searchFunction));
  const chosen = typeof tool_choice === 'object' ? tool_choice.function?.name : undefined;
  return named(chosen) ?? named(searchFunction) ?? functions[0];
}

function callFunction({ function: called }: FunctionTool, request: ModelRequest): FunctionCall {
  const { name, parameters = {} } = called;
  const args =
    name === request.searchFunction ? { query: questionOf(request) } : exampleFor(parameters);
  return { id: '', name, arguments: JSON.stringify(args) };
}

const wordsOf = (text: string): Set<string> =>
  new Set(text.toLowerCase().match(/[\p{L}\p{N}]{3,}/gu) ?? []);

/** The sentence of a text that has most words of the question. */
function bestSentence(text: string, question: string): string {
  const asked = wordsOf(question);
  const sentences = text.split(/(?<=[.!?。])\s+|\n+/u).filter((sentence) => sentence.trim() !== '');
  const score = (sentence: string) =>
    [...wordsOf(sentence)].filter((word) => asked.has(word)).length;
  return sentences.reduce(
    (best, sentence) => (score(sentence) > score(best) ? sentence : best),
    sentences[0] ?? '',
  );
}

/** A quotation from the first passage of a search's output, with its mark. */
function quoteFrom(output: string, question: string): string {
  const [boundary, mark, name] = /^(\S+) (【\d+】) ("[^\n]*)/mu.exec(output)?.slice(1) ?? [];
  if (boundary === undefined) return 'found nothing in the files';
  const start = output.indexOf('\n', output.indexOf(`\n${boundary} `) + 1) + 1;
  const passage = output.slice(start, output.indexOf(`\n${boundary} `, start));
  return `found in ${name}: ${bestSentence(passage, question).trim()} ${mark}`;
}

function replyText(request: ModelRequest): string {
  const { turns, searchFunction } = request;
  const question = questionOf(request);
  const results = turns.flatMap(({ items, outputs }) => {
    const names = new Map(functionCalls(items).map((call) => [call.id, call.name]));
    return outputs.map(({ tool_call_id, output }) => {
      const name = names.get(tool_call_id);
      return name !== undefined && name === searchFunction
        ? quoteFrom(output, question)
        : `${name ?? 'a function'} said: ${output}`;
    });
  });
  const hasQuestion = request.messages.some(({ role }) => role === 'user');
  const echo = hasQuestion ? `you said: ${question}` : 'nobody has said anything';
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
    yield finish(request, '', [{ ...callFunction(tool, request), id: ids.newId('call_') }]);
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
 * An offline, deterministic model for tests and demos. It searches the files for the user's message,
 * if it can; calls one function per run, with example arguments from the function's JSON Schema; and
 * then quotes the best passage, or repeats the tool outputs or the user's message.
 */
export const createScriptedModel = (ids: Ids = randomIds): Model => ({
  unavailable: null,
  unsupportedTools: functionsOnly('the scripted model'),
  async *respond(request) {
    request.signal.throwIfAborted();
    yield [...respond(request, ids)];
  },
});
