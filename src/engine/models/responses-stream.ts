import type OpenAI from 'openai';
import { Citations, type FileNote, isFileNote, unitOffset } from './annotations.ts';
import { type FunctionCall, type ModelEvent, ModelFailure, type Usage } from './model.ts';
import { errorCode, passes } from './upstream-error.ts';

type Response = OpenAI.Responses.Response;
type OutputItem = OpenAI.Responses.ResponseOutputItem;
type OutputPart = OpenAI.Responses.ResponseOutputMessage['content'][number];
type StreamEvent = OpenAI.Responses.ResponseStreamEvent;
type Finished = Extract<ModelEvent, { type: 'finished' }>;

/** Third-party servers leave out what they do not count (contract §8.7). */
const toUsage = (usage: Response['usage']): Usage => ({
  prompt_tokens: usage?.input_tokens ?? 0,
  completion_tokens: usage?.output_tokens ?? 0,
  total_tokens: usage?.total_tokens ?? (usage?.input_tokens ?? 0) + (usage?.output_tokens ?? 0),
  prompt_token_details: { cached_tokens: usage?.input_tokens_details?.cached_tokens ?? 0 },
  completion_tokens_details: {
    reasoning_tokens: usage?.output_tokens_details?.reasoning_tokens ?? 0,
  },
});

const toCall = (item: OutputItem): FunctionCall[] =>
  item.type === 'function_call'
    ? [{ id: item.call_id, name: item.name, arguments: item.arguments }]
    : [];

function toEnd({ status, incomplete_details }: Response): Finished['end'] {
  if (status !== 'incomplete') return 'stop';
  const { reason } = incomplete_details ?? {};
  if (reason === 'max_output_tokens') return 'length';
  return reason === 'content_filter' ? reason : 'other';
}

const textOf = (part: OutputPart): string => (part.type === 'refusal' ? part.refusal : part.text);

const notesOf = (part: OutputPart): FileNote[] =>
  part.type === 'output_text' ? part.annotations.filter(isFileNote) : [];

/** A content part as far as it has been passed on. */
class PartWriter {
  readonly #index: number;
  readonly #kind: 'text' | 'refusal';
  readonly #citations = new Citations();
  #text = '';
  #length = 0;
  #notes = 0;

  constructor(index: number, kind: 'text' | 'refusal') {
    this.#index = index;
    this.#kind = kind;
  }

  *write(text: string): Generator<ModelEvent> {
    if (text === '') return;
    this.#text += text;
    this.#length += text.length;
    yield { type: 'delta', part: this.#index, kind: this.#kind, text };
  }

  *note(note: FileNote): Generator<ModelEvent> {
    const annotation = this.#citations.mark(note, this.#length);
    this.#notes += 1;
    this.#length += annotation.text.length;
    const { text } = annotation;
    yield { type: 'delta', part: this.#index, kind: 'text', text, annotation };
  }

  /** Whatever of the finished part the deltas have not said; references stand where they belong. */
  *finish(part: OutputPart): Generator<ModelEvent> {
    const whole = textOf(part);
    const notes = notesOf(part).slice(this.#notes);
    for (const note of notes.toSorted((a, b) => a.index - b.index)) {
      yield* this.#catchUp(whole, unitOffset(whole, note.index));
      yield* this.note(note);
    }
    yield* this.#catchUp(whole, whole.length);
  }

  *#catchUp(whole: string, end: number): Generator<ModelEvent> {
    if (whole.startsWith(this.#text)) yield* this.write(whole.slice(this.#text.length, end));
  }
}

/** Follows one stream; the response that ends it is the truth that the events are held against. */
export class StreamReader {
  readonly #items = new Map<number, OutputItem>();
  readonly #written = new Set<number>();
  #parts: PartWriter[] = [];
  #open: number | null = null;
  #final: Response | null = null;

  *read(event: StreamEvent): Generator<ModelEvent> {
    switch (event.type) {
      case 'response.output_text.delta':
        yield* this.#delta(event, 'text');
        break;
      case 'response.content_part.added':
        // Text is on its way: the message is begun while it comes.
        yield* this.#begin(event);
        break;
      case 'response.refusal.delta':
        yield* this.#delta(event, 'refusal');
        break;
      case 'response.output_text.annotation.added':
        yield* this.#annotate(event);
        break;
      case 'response.output_item.done':
        this.#items.set(event.output_index, event.item);
        yield* this.#done(event.output_index, event.item, false);
        break;
      case 'response.completed':
      case 'response.incomplete':
      case 'response.failed':
        this.#final = event.response;
        break;
      case 'error':
        throw new ModelFailure(errorCode(event.code), event.message, passes(event.code));
      default:
    }
  }

  /** Whether nothing more is to come. */
  get ended(): boolean {
    return this.#final !== null;
  }

  /** What is left to say when the stream is over. */
  *finish(): Generator<ModelEvent> {
    if (this.#final === null) {
      throw new ModelFailure('server_error', "The model's stream ended before its answer did.", 0);
    }
    const { status, error } = this.#final;
    if (status === 'failed' || status === 'cancelled') {
      const message = error?.message ?? `The model's answer was ${status}.`;
      throw new ModelFailure(errorCode(error?.code), message, passes(error?.code));
    }
    const end = toEnd(this.#final);
    const items = this.#output(this.#final);
    for (const [index, item] of items.entries()) {
      yield* this.#done(index, item, end !== 'stop' && index === items.length - 1);
    }
    yield* this.#close(false);
    const calls = items.flatMap(toCall);
    yield { type: 'finished', items, calls, usage: toUsage(this.#final.usage), end };
  }

  #output(final: Response): OutputItem[] {
    if (final.output.length > 0) return final.output;
    return [...this.#items].toSorted(([a], [b]) => a - b).map(([, item]) => item);
  }

  #part(index: number, kind: 'text' | 'refusal'): PartWriter {
    return (this.#parts[index] ??= new PartWriter(index, kind));
  }

  *#start(index: number): Generator<ModelEvent> {
    if (this.#open === index) return;
    // Some servers never say that a message is done: the next one says it for them.
    yield* this.#close(false);
    this.#open = index;
    this.#parts = [];
    yield { type: 'message_started' };
  }

  *#begin({
    output_index,
    part,
  }: OpenAI.Responses.ResponseContentPartAddedEvent): Generator<ModelEvent> {
    const isSpoken = part.type === 'output_text' || part.type === 'refusal';
    if (isSpoken && !this.#written.has(output_index)) yield* this.#start(output_index);
  }

  *#delta(
    event: { output_index: number; content_index: number; delta: string },
    kind: 'text' | 'refusal',
  ): Generator<ModelEvent> {
    if (event.delta === '' || this.#written.has(event.output_index)) return;
    yield* this.#start(event.output_index);
    yield* this.#part(event.content_index, kind).write(event.delta);
  }

  *#annotate(
    event: OpenAI.Responses.ResponseOutputTextAnnotationAddedEvent,
  ): Generator<ModelEvent> {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the SDK leaves this one untyped
    const note = event.annotation as OpenAI.Responses.ResponseOutputText['annotations'][number];
    if (!isFileNote(note) || this.#written.has(event.output_index)) return;
    yield* this.#start(event.output_index);
    yield* this.#part(event.content_index, 'text').note(note);
  }

  *#close(cut: boolean): Generator<ModelEvent> {
    if (this.#open === null) return;
    this.#written.add(this.#open);
    this.#open = null;
    yield { type: 'message_done', cut };
  }

  *#done(index: number, item: OutputItem, last: boolean): Generator<ModelEvent> {
    if (item.type !== 'message' || this.#written.has(index)) return;
    const isEmpty = item.content.every((part) => textOf(part) === '');
    if (isEmpty && this.#open !== index) return;
    yield* this.#start(index);
    for (const [part, content] of item.content.entries()) {
      const kind = content.type === 'refusal' ? 'refusal' : 'text';
      yield* this.#part(part, kind).finish(content);
    }
    yield* this.#close(last || item.status === 'incomplete');
  }
}
