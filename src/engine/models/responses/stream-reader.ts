import type OpenAI from 'openai';
import { isFileAnnotation } from './citations.ts';
import {
  type FunctionCall,
  type ModelEvent,
  ModelFailure,
  tokensOf,
  type Usage,
} from '../model.ts';
import { type CallItem, HostedCallWriter, isCallItem } from './hosted-call-writer.ts';
import type { RawEvent } from './generated-files.ts';
import { EventNormalizer } from './normalize.ts';
import { isEmpty, MessageWriter } from './message-writer.ts';
import { matchEmitted } from './match-items.ts';
import { errorCode, retryDelayForCode } from '../upstream-error.ts';

type Response = OpenAI.Responses.Response;
type OutputItem = OpenAI.Responses.ResponseOutputItem;
type StreamEvent = OpenAI.Responses.ResponseStreamEvent;
type Finished = Extract<ModelEvent, { type: 'finished' }>;

/** Third-party servers leave out what they do not count (contract §8.7). */
function toUsage(usage: Response['usage']): Usage {
  const prompt_tokens = tokensOf(usage?.input_tokens);
  const completion_tokens = tokensOf(usage?.output_tokens);
  return {
    prompt_tokens,
    completion_tokens,
    total_tokens: tokensOf(usage?.total_tokens) || prompt_tokens + completion_tokens,
    prompt_token_details: { cached_tokens: tokensOf(usage?.input_tokens_details?.cached_tokens) },
    completion_tokens_details: {
      reasoning_tokens: tokensOf(usage?.output_tokens_details?.reasoning_tokens),
    },
  };
}

const toCall = (item: OutputItem): FunctionCall[] =>
  item.type === 'function_call'
    ? [{ id: item.call_id, name: item.name, arguments: item.arguments }]
    : [];

function toEnd({ status, incomplete_details }: Partial<Response>): Finished['end'] {
  if (status !== 'incomplete') return 'stop';
  const { reason } = incomplete_details ?? {};
  if (reason === 'max_output_tokens') return 'length';
  return reason === 'content_filter' ? reason : 'other';
}

/** What an event says by its name, to servers that say no more. */
const statusOf = {
  'response.completed': 'completed',
  'response.incomplete': 'incomplete',
  'response.failed': 'failed',
} as const;

type Writer = MessageWriter | HostedCallWriter;

/** Servers without these numbers send one message of one part. */
type OutputPosition = { readonly output_index?: number; readonly item_id?: string | undefined };
type PartPosition = OutputPosition & { readonly content_index?: number };

/**
 * Follows one stream; the response that ends it is the truth that the events are held against.
 * Messages and calls of hosted tools are told one after the other: what a call has made comes with
 * its end, and what is said of other items meanwhile is held back until then.
 */
export class ResponsesStreamReader {
  readonly #tools: readonly OpenAI.Beta.AssistantTool[];
  readonly #completer = new EventNormalizer();
  readonly #items = new Map<number, OutputItem>();
  /** What has been begun, and is over unless it is open. */
  readonly #told: Writer[] = [];
  #open: Writer | null = null;
  #deferred: StreamEvent[] = [];
  #final: Partial<Response> | null = null;

  /** `tools` are those of the run. */
  constructor(tools: readonly OpenAI.Beta.AssistantTool[]) {
    this.#tools = tools;
  }

  *read(raw: StreamEvent): Generator<RawEvent> {
    const event = this.#completer.event(raw);
    this.#collect(event);
    yield* this.#emit(event);
  }

  /** Whether nothing more is to come. */
  get ended(): boolean {
    return this.#final !== null;
  }

  /** What is left to say when the stream is over. */
  *finish(): Generator<RawEvent> {
    if (this.#final === null) {
      throw new ModelFailure('server_error', "The model's stream ended before its answer did.", 0);
    }
    const { status, error } = this.#final;
    if (status === 'failed' || status === 'cancelled') {
      const message = error?.message ?? `The model's answer was ${status}.`;
      throw new ModelFailure(errorCode(error?.code), message, retryDelayForCode(error?.code));
    }
    const end = toEnd(this.#final);
    const items = this.#output(this.#final);
    // Some servers never say that an item is done: the end of all says it for them.
    for (let open = this.#open; open !== null; open = this.#open) {
      yield* this.#close(this.#itemOf(open, items));
    }
    const told = matchEmitted(items, this.#told);
    for (const [index, item] of items.entries()) {
      // Its place in the stream may be that of another item.
      if (!told.has(item)) yield* this.#done(-1 - index, item);
    }
    const calls = items.flatMap(toCall);
    const cut = end !== 'stop' && this.#isLast(items.at(-1), items);
    yield {
      type: 'finished',
      items,
      calls,
      usage: toUsage(this.#final.usage),
      end,
      truncated: cut,
    };
  }

  /** What an event says, now or when its turn comes. */
  *#emit(event: StreamEvent): Generator<RawEvent> {
    if (this.#isHeld(event)) {
      this.#deferred.push(event);
      return;
    }
    switch (event.type) {
      case 'response.output_text.delta':
        yield* this.#write(event, 'text');
        break;
      case 'response.content_part.added':
        yield* this.#begin(event);
        break;
      case 'response.refusal.delta':
        yield* this.#write(event, 'refusal');
        break;
      case 'response.output_text.annotation.added':
        yield* this.#annotate(event);
        break;
      case 'response.output_item.done':
        yield* this.#done(event.output_index ?? 0, event.item);
        break;
      case 'response.completed':
      case 'response.incomplete':
      case 'response.failed':
        this.#final = { status: statusOf[event.type], ...event.response };
        break;
      case 'error':
        throw new ModelFailure(errorCode(event.code), event.message, retryDelayForCode(event.code));
      default:
        yield* this.#readCall(event);
    }
  }

  #output(final: Partial<Response>): OutputItem[] {
    const output = final.output ?? [];
    const items =
      output.length > 0
        ? output
        : [...this.#items].toSorted(([a], [b]) => a - b).map(([, item]) => item);
    return items.map((item) => this.#completer.item(item));
  }

  /** Items as they are done; of calls some servers say only how they begin. */
  #collect(event: StreamEvent): void {
    const isBegun =
      event.type === 'response.output_item.added' && event.item.type === 'function_call';
    if (!isBegun && event.type !== 'response.output_item.done') return;
    this.#items.set(event.output_index ?? this.#placeOf(event.item), event.item);
  }

  /** Where an item stands that comes without a number: at its place, or behind all others. */
  #placeOf({ id }: OutputItem): number {
    const known = [...this.#items].find(([, item]) => id !== undefined && item.id === id);
    return known?.[0] ?? this.#items.size;
  }

  #itemOf(open: Writer, items: readonly OutputItem[]): OutputItem | undefined {
    return [...matchEmitted(items, this.#told)].find(([, told]) => told === open)?.[0];
  }

  /** Whether nothing was told behind an item; some servers say that it was done when it was not. */
  #isLast(item: OutputItem | undefined, items: readonly OutputItem[]): boolean {
    return item === undefined || matchEmitted(items, this.#told).get(item) === this.#told.at(-1);
  }

  #isOver(index: number): boolean {
    return this.#told.some((told) => told.index === index && told !== this.#open);
  }

  #isHeld(event: StreamEvent): boolean {
    return (
      this.#open !== null && 'output_index' in event && event.output_index !== this.#open.index
    );
  }

  /** The message at a place in the output, begun if it was not; null when it is over. */
  *#message({
    output_index: index = 0,
    item_id,
  }: OutputPosition): Generator<RawEvent, MessageWriter | null> {
    if (this.#isOver(index)) return null;
    if (this.#open instanceof MessageWriter && this.#open.index === index) return this.#open;
    return yield* this.#start(new MessageWriter(index, item_id));
  }

  /** The same for a call. */
  *#call(
    { output_index: index = 0, item_id }: OutputPosition,
    type: CallItem['type'],
  ): Generator<RawEvent, HostedCallWriter | null> {
    if (this.#isOver(index)) return null;
    if (this.#open instanceof HostedCallWriter && this.#open.index === index) return this.#open;
    return yield* this.#start(new HostedCallWriter({ index, id: item_id, type }, this.#tools));
  }

  *#start<W extends Writer>(writer: W): Generator<RawEvent, W> {
    // Some servers count all items as one.
    while (this.#open !== null) yield* this.#close();
    this.#open = writer;
    this.#told.push(writer);
    yield writer.startEvent;
    return writer;
  }

  *#begin(event: OpenAI.Responses.ResponseContentPartAddedEvent): Generator<RawEvent> {
    const { type } = event.part;
    // Text is on its way: the message is begun while it comes.
    if (type === 'output_text' || type === 'refusal') yield* this.#message(event);
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
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the SDK leaves this one untyped
    const note = event.annotation as OpenAI.Responses.ResponseOutputText['annotations'][number];
    if (!isFileAnnotation(note)) return;
    const message = yield* this.#message(event);
    if (message !== null) yield* message.part(event.content_index ?? 0, 'text').note(note);
  }

  *#readCall(event: StreamEvent): Generator<RawEvent> {
    switch (event.type) {
      case 'response.output_item.added':
        if (isCallItem(event.item)) {
          yield* this.#call({ ...event, item_id: event.item.id }, event.item.type);
        }
        break;
      case 'response.code_interpreter_call.in_progress':
        yield* this.#call(event, 'code_interpreter_call');
        break;
      case 'response.file_search_call.in_progress':
        yield* this.#call(event, 'file_search_call');
        break;
      case 'response.code_interpreter_call_code.delta': {
        const call = yield* this.#call(event, 'code_interpreter_call');
        if (call !== null) yield* call.write(event.delta);
        break;
      }
      default:
    }
  }

  /** Ends what is open, as its item says it or as far as it has come. */
  *#close(item?: OutputItem): Generator<RawEvent> {
    const open = this.#open;
    if (open === null) return;
    this.#open = null;
    if (open instanceof MessageWriter) {
      yield* open.finish(item?.type === 'message' ? item : undefined);
    } else {
      yield* open.finish(item !== undefined && isCallItem(item) ? item : undefined);
    }
    const held = this.#deferred;
    this.#deferred = [];
    for (const event of held) yield* this.#emit(event);
  }

  *#done(index: number, item: OutputItem): Generator<RawEvent> {
    const place = { output_index: index, item_id: item.id };
    if (isCallItem(item)) {
      if ((yield* this.#call(place, item.type)) !== null) yield* this.#close(item);
    } else if (item.type === 'message' && (!isEmpty(item) || this.#open?.index === index)) {
      if ((yield* this.#message(place)) !== null) yield* this.#close(item);
    }
  }
}
