import type OpenAI from 'openai';
import { randomIds } from '../../../shared/ids.ts';

type OutputItem = OpenAI.Responses.ResponseOutputItem;
type StreamEvent = OpenAI.Responses.ResponseStreamEvent;
type Message = OpenAI.Responses.ResponseOutputMessage;
type Call = OpenAI.Responses.ResponseFunctionToolCall;
type Part = Message['content'][number];

/** Event types of other servers → OpenAI's (contract §8.8). */
const standardTypes: Readonly<Record<string, StreamEvent['type']>> = {
  'response.content_part.delta': 'response.output_text.delta',
  'response.done': 'response.completed',
};

function withStandardType(event: StreamEvent): StreamEvent {
  const type = standardTypes[event.type];
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- all other fields are the same
  return type === undefined ? event : ({ ...event, type } as StreamEvent);
}

/** `T` as servers send it: any field may be missing or null. */
type Loose<T> = {
  readonly [Key in keyof T]?: T[Key] | null;
};

const normalizePart = (part: Part): Part =>
  part.type === 'output_text'
    ? { ...part, text: part.text ?? '', annotations: part.annotations ?? [] }
    : part;

function normalizeMessage(item: Message): Message {
  const content: Part[] | string | null | undefined = item.content;
  const parts: Part[] =
    typeof content === 'string'
      ? [{ type: 'output_text', text: content, annotations: [] }]
      : (content ?? []);
  return { ...item, content: parts.map(normalizePart) };
}

function normalizeCall(item: Call, streamedArguments: string): Call {
  const { call_id, id, arguments: args }: Loose<Call> = item;
  const ownArguments = typeof args === 'string' ? args : args && JSON.stringify(args);
  return {
    ...item,
    call_id: call_id || id || randomIds.newId('call_'),
    arguments: ownArguments || streamedArguments || '{}',
  };
}

/**
 * Fills in what compatible servers omit, or send in another form, of a message or function call (contract
 * §8.8).
 */
function normalizeItem(item: OutputItem, streamedArguments: string): OutputItem {
  if (item.type === 'message') return normalizeMessage(item);
  return item.type === 'function_call' ? normalizeCall(item, streamedArguments) : item;
}

/**
 * Converts the events of one response to OpenAI's form. Streamed function arguments are collected for
 * items that come without them.
 */
export class EventNormalizer {
  readonly #streamedArguments = new Map<string, string>();

  event(raw: StreamEvent): StreamEvent {
    const event = withStandardType(raw);
    switch (event.type) {
      case 'response.function_call_arguments.delta':
        this.#streamedArguments.set(event.item_id, this.#argumentsOf(event.item_id) + event.delta);
        return event;
      case 'response.function_call_arguments.done':
        this.#streamedArguments.set(
          event.item_id,
          event.arguments || this.#argumentsOf(event.item_id),
        );
        return event;
      case 'response.output_item.done':
        return { ...event, item: this.item(event.item) };
      default:
        return event;
    }
  }

  item(item: OutputItem): OutputItem {
    return normalizeItem(item, this.#argumentsOf(item.id ?? ''));
  }

  #argumentsOf(item_id: string): string {
    return this.#streamedArguments.get(item_id) ?? '';
  }
}
