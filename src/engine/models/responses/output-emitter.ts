import type OpenAI from 'openai';
import { malformedAnswer } from '../json-shape.ts';
import { isFileAnnotation } from './citations.ts';
import type { RawEvent } from './generated-files.ts';
import { type CallItem, HostedCallWriter, isCallItem } from './hosted-call-writer.ts';
import { matchEmitted } from './match-items.ts';
import { isEmpty, MessageWriter } from './message-writer.ts';

type OutputItem = OpenAI.Responses.ResponseOutputItem;
type StreamEvent = OpenAI.Responses.ResponseStreamEvent;
type Writer = MessageWriter | HostedCallWriter;

/** Servers that omit these send one message with one part. */
type ItemPosition = { readonly output_index?: number; readonly item_id?: string | undefined };
type PartPosition = ItemPosition & { readonly content_index?: number };

/** Events of other items while one is open. */
const maxDeferred = 100_000;

/**
 * Emits the messages and hosted calls of one response, one after the other (contract §8.8). While one
 * is open, the events of other items are deferred: what a call generated is known only when it is done.
 */
export class OutputEmitter {
  readonly #tools: readonly OpenAI.Beta.AssistantTool[];
  /** All items that have been started, in order; all but `#open` are done. */
  readonly #emitted: Writer[] = [];
  #open: Writer | null = null;
  #deferred: StreamEvent[] = [];

  /** `tools` are those of the run. */
  constructor(tools: readonly OpenAI.Beta.AssistantTool[]) {
    this.#tools = tools;
  }

  *emit(event: StreamEvent): Generator<RawEvent> {
    if (this.#isOfOtherItem(event)) {
      if (this.#deferred.length >= maxDeferred) {
        throw malformedAnswer('the events of too many items at once');
      }
      this.#deferred.push(event);
      return;
    }
    switch (event.type) {
      case 'response.output_text.delta':
        yield* this.#write(event, 'text');
        break;
      case 'response.refusal.delta':
        yield* this.#write(event, 'refusal');
        break;
      case 'response.output_text.annotation.added':
        yield* this.#annotate(event);
        break;
      case 'response.output_item.added':
        if (isCallItem(event.item)) {
          yield* this.#call({ ...event, item_id: event.item.id }, event.item.type);
        }
        break;
      case 'response.code_interpreter_call.in_progress':
        yield* this.#call(event, 'code_interpreter_call');
        break;
      case 'response.code_interpreter_call_code.delta': {
        const call = yield* this.#call(event, 'code_interpreter_call');
        if (call !== null) yield* call.write(event.delta);
        break;
      }
      case 'response.file_search_call.in_progress':
        yield* this.#call(event, 'file_search_call');
        break;
      case 'response.output_item.done':
        yield* this.#finishItem(event.output_index ?? 0, event.item);
        break;
      default:
    }
  }

  /** Finishes what is open and emits the items that had no events of their own. */
  *finish(items: readonly OutputItem[]): Generator<RawEvent> {
    // Some servers never send that an item is done.
    for (let open = this.#open; open !== null; open = this.#open) {
      const matches = [...matchEmitted(items, this.#emitted)];
      yield* this.#close(matches.find(([, writer]) => writer === open)?.[0]);
    }
    const emitted = matchEmitted(items, this.#emitted);
    for (const [index, item] of items.entries()) {
      // Its index may belong to another item in the stream; negative ones are free.
      if (!emitted.has(item)) yield* this.#finishItem(-1 - index, item);
    }
  }

  /** Whether the last of these items was also emitted last, so that it is the incomplete one. */
  endsWith(items: readonly OutputItem[]): boolean {
    const last = items.at(-1);
    if (last === undefined) return true;
    return matchEmitted(items, this.#emitted).get(last) === this.#emitted.at(-1);
  }

  #isOfOtherItem(event: StreamEvent): boolean {
    return (
      this.#open !== null && 'output_index' in event && event.output_index !== this.#open.index
    );
  }

  #isDone(index: number): boolean {
    return this.#emitted.some((writer) => writer.index === index && writer !== this.#open);
  }

  /** The open message at a position, started if necessary; null if it is done. */
  *#message({
    output_index: index = 0,
    item_id,
  }: ItemPosition): Generator<RawEvent, MessageWriter | null> {
    if (this.#isDone(index)) return null;
    if (this.#open instanceof MessageWriter && this.#open.index === index) return this.#open;
    return yield* this.#start(new MessageWriter(index, item_id));
  }

  /** The open call at a position, started if necessary; null if it is done. */
  *#call(
    { output_index: index = 0, item_id }: ItemPosition,
    type: CallItem['type'],
  ): Generator<RawEvent, HostedCallWriter | null> {
    if (this.#isDone(index)) return null;
    if (this.#open instanceof HostedCallWriter && this.#open.index === index) return this.#open;
    return yield* this.#start(new HostedCallWriter({ index, id: item_id, type }, this.#tools));
  }

  *#start<W extends Writer>(writer: W): Generator<RawEvent, W> {
    // Some servers send the same index for all items.
    while (this.#open !== null) yield* this.#close();
    this.#open = writer;
    this.#emitted.push(writer);
    yield writer.startEvent;
    return writer;
  }

  *#write(
    event: PartPosition & { readonly delta: string },
    kind: 'text' | 'refusal',
  ): Generator<RawEvent> {
    if (!event.delta) return;
    const message = yield* this.#message(event);
    if (message !== null) yield* message.part(event.content_index ?? 0, kind).write(event.delta);
  }

  *#annotate(event: OpenAI.Responses.ResponseOutputTextAnnotationAddedEvent): Generator<RawEvent> {
    const { annotation } = event;
    if (annotation === null || !isFileAnnotation(annotation)) return;
    const message = yield* this.#message(event);
    if (message !== null) {
      yield* message.part(event.content_index ?? 0, 'text').annotate(annotation);
    }
  }

  *#finishItem(index: number, item: OutputItem): Generator<RawEvent> {
    const position = { output_index: index, item_id: item.id };
    if (isCallItem(item)) {
      if ((yield* this.#call(position, item.type)) !== null) yield* this.#close(item);
    } else if (item.type === 'message' && (!isEmpty(item) || this.#open?.index === index)) {
      if ((yield* this.#message(position)) !== null) yield* this.#close(item);
    }
  }

  /** Finishes what is open, with the final item if it is known, then emits the deferred events. */
  *#close(item?: OutputItem): Generator<RawEvent> {
    const open = this.#open;
    if (open === null) return;
    this.#open = null;
    if (open instanceof MessageWriter) {
      yield* open.finish(item?.type === 'message' ? item : undefined);
    } else {
      yield* open.finish(item !== undefined && isCallItem(item) ? item : undefined);
    }
    const deferred = this.#deferred;
    this.#deferred = [];
    for (const event of deferred) yield* this.emit(event);
  }
}
