import type OpenAI from 'openai';
import { randomIds } from '../../../shared/ids.ts';

type OutputItem = OpenAI.Responses.ResponseOutputItem;
type StreamEvent = OpenAI.Responses.ResponseStreamEvent;

/** Names that some servers have for events of their own (contract §8.8). */
const otherNames: Readonly<Record<string, StreamEvent['type']>> = {
  'response.content_part.delta': 'response.output_text.delta',
  'response.done': 'response.completed',
};

function named(event: StreamEvent): StreamEvent {
  const type = otherNames[event.type];
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the rest of it is the same
  return type === undefined ? event : ({ ...event, type } as StreamEvent);
}

/**
 * Brings the events of one answer into the form that everybody else relies on. Arguments of functions
 * are kept as they are told, for items that come without theirs.
 */
export class EventNormalizer {
  readonly #arguments = new Map<string, string>();

  event(raw: StreamEvent): StreamEvent {
    const event = named(raw);
    switch (event.type) {
      case 'response.function_call_arguments.delta':
        this.#arguments.set(event.item_id, this.#told(event.item_id) + event.delta);
        return event;
      case 'response.function_call_arguments.done':
        this.#arguments.set(event.item_id, event.arguments || this.#told(event.item_id));
        return event;
      case 'response.output_item.done':
        return { ...event, item: this.item(event.item) };
      default:
        return event;
    }
  }

  item(item: OutputItem): OutputItem {
    return completeItem(item, this.#told(item.id ?? ''));
  }

  #told(item_id: string): string {
    return this.#arguments.get(item_id) ?? '';
  }
}

/*
 * Servers that took over the Responses API leave out what they do not have, or give it another
 * form (contract §8.8). Their items are completed here, so that everybody else may rely on them.
 */
type Item = OpenAI.Responses.ResponseOutputItem;
type Message = OpenAI.Responses.ResponseOutputMessage;
type Call = OpenAI.Responses.ResponseFunctionToolCall;
type Part = Message['content'][number];

/** What may be missing of a value, or be null, although its type does not say so. */
type Loose<T> = {
  readonly [Key in keyof T]?: T[Key] | null;
};

const completePart = (part: Part): Part =>
  part.type === 'output_text'
    ? { ...part, text: part.text ?? '', annotations: part.annotations ?? [] }
    : part;
function completeMessage(item: Message): Message {
  const content: Part[] | string | null | undefined = item.content;
  const parts: Part[] =
    typeof content === 'string'
      ? [{ type: 'output_text', text: content, annotations: [] }]
      : (content ?? []);
  return { ...item, content: parts.map(completePart) };
}

function completeCall(item: Call, told: string): Call {
  const { call_id, id, arguments: args }: Loose<Call> = item;
  const given = typeof args === 'string' ? args : args && JSON.stringify(args);
  return {
    ...item,
    call_id: call_id || id || randomIds.newId('call_'),
    arguments: given || told || '{}',
  };
}

/** `told` is what deltas have said of a call's arguments. */
export function completeItem(item: Item, told: string): Item {
  if (item.type === 'message') return completeMessage(item);
  return item.type === 'function_call' ? completeCall(item, told) : item;
}
