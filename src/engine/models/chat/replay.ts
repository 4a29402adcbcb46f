import type OpenAI from 'openai';
import { acceptedCallId, acceptedOutput } from '../adapted-turn.ts';
import type { Dialect } from '../dialect.ts';
import { withoutReasoning } from '../thinking-filter.ts';
import type { PastTurn } from '../model.ts';
import {
  assistantText,
  type ChatCall,
  type ChatMessage,
  functionCalls,
  isChatMessage,
  itemsFrom,
  type Origin,
  outputsInOrder,
} from '../past-turns.ts';

type Message = OpenAI.Chat.ChatCompletionMessageParam;

/** A server's own fields, without those that it has refused. */
const acceptedFields = (extra: ChatMessage['extra'], { refusedFields }: Dialect): object =>
  Object.fromEntries(Object.entries(extra ?? {}).filter(([name]) => !refusedFields.includes(name)));

function toCall({ id, function: called, extra }: ChatCall, dialect: Dialect) {
  const { function: ofFunction, ...fields } = extra ?? {};
  return {
    ...acceptedFields(fields, dialect),
    id: acceptedCallId(id, dialect),
    type: 'function' as const,
    function: { ...acceptedFields(Object(ofFunction), dialect), ...called },
  };
}

/** Some servers refuse null, others an empty text. */
const acceptedContent = (content: string | null, { sendsNullContent }: Dialect): string | null =>
  content || (sendsNullContent ? null : '');

/** The answer as it was received, where it came from. */
function replayOwn(message: ChatMessage, dialect: Dialect): Message {
  const { content, tool_calls = [], reasoning_content = '', extra } = message;
  return {
    ...acceptedFields(extra, dialect),
    role: 'assistant' as const,
    content: acceptedContent(content, dialect),
    ...(tool_calls.length === 0
      ? {}
      : { tool_calls: tool_calls.map((call) => toCall(call, dialect)) }),
    ...(dialect.sendsReasoning ? { reasoning_content } : {}),
  };
}

/** The text and the calls of an answer of another endpoint, model or API. */
function replayForeign(items: readonly unknown[], dialect: Dialect): Message {
  const content = withoutReasoning(assistantText(items));
  const modelIds = modelIdsOf(items);
  const tool_calls = functionCalls(items).map(({ id, ...call }) => ({
    id: acceptedCallId(modelIds.get(id) ?? id, dialect),
    type: 'function' as const,
    function: call,
  }));
  return {
    role: 'assistant' as const,
    content: acceptedContent(content, dialect),
    ...(tool_calls.length === 0 ? {} : { tool_calls }),
    ...(dialect.sendsReasoning ? { reasoning_content: '' } : {}),
  };
}

/** The id that callers see → the model's own. */
const modelIdsOf = (items: readonly unknown[]): ReadonlyMap<string, string> =>
  new Map(items.find(isChatMessage)?.tool_calls?.map(({ id, call_id }) => [call_id, id]));

/** An earlier turn of the run: the assistant's message with its calls, then their outputs. */
export function replayTurn(turn: PastTurn, dialect: Dialect, origin: Origin): Message[] {
  const own = itemsFrom(turn, origin)?.find(isChatMessage);
  const message = own === undefined ? replayForeign(turn.items, dialect) : replayOwn(own, dialect);
  const modelIds = modelIdsOf(turn.items);
  const toolMessages = outputsInOrder(turn).map(({ tool_call_id, output }) => ({
    role: 'tool' as const,
    tool_call_id: acceptedCallId(modelIds.get(tool_call_id) ?? tool_call_id, dialect),
    content: acceptedOutput(output, dialect),
  }));
  return [message, ...toolMessages];
}
