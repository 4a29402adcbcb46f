import type OpenAI from 'openai';
import { completeItem } from './responses-item.ts';

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
