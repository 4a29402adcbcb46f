import { fieldOf } from '../../../shared/json.ts';
import type OpenAI from 'openai';
import { randomIds } from '../../../shared/ids.ts';
import {
  type FunctionCall,
  type ModelEvent,
  ModelFailure,
  tokensOf,
  type Usage,
} from '../model.ts';
import { malformedAnswer } from '../json-shape.ts';
import { type Origin, originItem } from '../past-turns.ts';
import { callsInText, type Functions } from '../text-calls.ts';
import { usableArguments } from '../call-arguments.ts';
import { endOf } from '../finish-reason.ts';
import { errorCode, malformedCallFailure, retryDelayWithin, statusOf } from '../upstream-error.ts';
import type { RawEvent } from './generated-files.ts';
import { EventNormalizer } from './normalize.ts';
import { OutputEmitter } from './output-emitter.ts';

type Response = OpenAI.Responses.Response;
type OutputItem = OpenAI.Responses.ResponseOutputItem;
type StreamEvent = OpenAI.Responses.ResponseStreamEvent;
type Part = OpenAI.Responses.ResponseOutputMessage['content'][number];
type PartEvent = Pick<
  OpenAI.Responses.ResponseTextDoneEvent,
  'item_id' | 'output_index' | 'content_index'
>;
type Finished = Extract<ModelEvent, { type: 'finished' }>;

/** Third-party servers omit what they do not count (contract §8.7). */
function toUsage(usage: Response['usage']): Usage {
  // Some servers use the names of Chat Completions.
  const count = (...names: readonly string[]) =>
    tokensOf(names.map((name) => fieldOf(usage, name)).find(Boolean));
  const prompt_tokens = count('input_tokens', 'prompt_tokens');
  const completion_tokens = count('output_tokens', 'completion_tokens');
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
    ? [
        {
          id: item.call_id,
          name: item.name,
          arguments: usableArguments(item.name, [item.arguments]),
        },
      ]
    : [];

function toEnd({ status, incomplete_details }: Partial<Response>): Finished['end'] {
  if (status !== 'incomplete') return 'stop';
  const end = endOf(incomplete_details?.reason ?? '');
  return end === 'length' || end === 'content_filter' ? end : 'other';
}

/** The endpoint's own error; `otherwise` is the message of one without. */
function toFailure(error: unknown, otherwise: string): ModelFailure {
  const code = fieldOf(error, 'code');
  const message = typeof error === 'string' ? error : fieldOf(error, 'message');
  const text = typeof message === 'string' && message !== '' ? message : otherwise;
  const failureCode = statusOf(error) === 429 ? 'rate_limit_exceeded' : errorCode(code);
  return new ModelFailure(failureCode, text, retryDelayWithin(error, text));
}

/** In one response; each is compared with all others. */
const maxItems = 1000;

function checkItemCount(count: number): void {
  if (count > maxItems) throw malformedAnswer(`more than ${maxItems} items in one answer`);
}

/** Some servers send a call again at the end. */
function withoutRepetitions(items: readonly OutputItem[]): OutputItem[] {
  const seen = new Set<string>();
  return items.filter((item) => {
    if (item.type !== 'function_call') return true;
    const key = JSON.stringify([item.call_id, item.name, item.arguments]);
    return !seen.has(key) && seen.add(key);
  });
}

/** Callers get ids that start with `call_`, each once in a run; `usedIds` are those of earlier calls. */
function withCallerIds(items: readonly OutputItem[], usedIds: ReadonlySet<string>): OutputItem[] {
  const taken = new Set(usedIds);
  return items.map((item) => {
    if (item.type !== 'function_call') return item;
    const isUsable = item.call_id.startsWith('call_') && !taken.has(item.call_id);
    const call_id = isUsable ? item.call_id : randomIds.newId('call_');
    taken.add(call_id);
    return { ...item, call_id };
  });
}

/** A message of which only finished parts have come; null for an item of another type. */
function withPart(item: OutputItem | undefined, event: PartEvent, part: Part): OutputItem | null {
  if (item !== undefined && item.type !== 'message') return null;
  const content = [...(item?.content ?? [])];
  content[Math.min(event.content_index ?? 0, content.length)] = part;
  return { type: 'message', role: 'assistant', status: 'completed', id: event.item_id, content };
}

const textOf = (item: OutputItem): string =>
  item.type === 'message'
    ? item.content.map((part) => (part.type === 'output_text' ? part.text : '')).join('')
    : '';

/** A message that has only calls, as calls. */
const toCallItems = (item: OutputItem, functions: Functions): OutputItem[] =>
  callsInText(textOf(item), functions).map((call) => ({
    type: 'function_call',
    id: randomIds.newId('fc_'),
    call_id: randomIds.newId('call_'),
    status: 'completed',
    ...call,
  }));

interface ReaderOptions {
  /** Of the run. */
  readonly tools: readonly OpenAI.Beta.AssistantTool[];
  readonly origin: Origin;
  /** The functions whose calls a server may leave in the text. */
  readonly textFunctions: Functions;
  /** The ids of the run's earlier calls. */
  readonly usedIds: ReadonlySet<string>;
}

/** The status of responses that have none of their own. */
const finalStatus = {
  'response.completed': 'completed',
  'response.incomplete': 'incomplete',
  'response.failed': 'failed',
} as const;

/**
 * Turns one stream of the Responses API into model events. What the stream events omit is taken from
 * the final response.
 */
export class ResponsesStreamReader {
  readonly #normalizer: EventNormalizer;
  readonly #emitter: OutputEmitter;
  readonly #origin: Origin;
  readonly #textFunctions: Functions;
  readonly #usedIds: ReadonlySet<string>;
  /** Output index → item, for servers whose final response has no output. */
  readonly #items = new Map<number, OutputItem>();
  #final: Partial<Response> | null = null;
  #hasDoneItem = false;

  constructor({ tools, origin, textFunctions, usedIds }: ReaderOptions) {
    this.#normalizer = new EventNormalizer(new Set(textFunctions.keys()));
    this.#emitter = new OutputEmitter(tools);
    this.#origin = origin;
    this.#textFunctions = textFunctions;
    this.#usedIds = usedIds;
  }

  /** Throws {@link ModelFailure} for an error event. */
  *read(raw: StreamEvent): Generator<RawEvent> {
    const event = this.#normalizer.event(raw);
    this.#collect(event);
    switch (event.type) {
      case 'response.completed':
      case 'response.incomplete':
      case 'response.failed':
        this.#final = { status: finalStatus[event.type], ...event.response };
        break;
      case 'error':
        throw toFailure(event, 'The model endpoint reported an error without a message.');
      default:
        yield* this.#emitter.emit(event);
    }
  }

  /** Ends the answer at the server's end marker: some servers send no final response after its items. */
  end(): void {
    if (this.#hasDoneItem) this.#final ??= { status: 'completed' };
  }

  /** Whether the final response has been read. */
  get isDone(): boolean {
    return this.#final !== null;
  }

  /** The last events, after the stream has ended. Throws {@link ModelFailure} if the response failed. */
  *finish(): Generator<RawEvent> {
    if (this.#final === null) {
      const message = "The model's stream ended before the answer was complete.";
      throw new ModelFailure('server_error', message, 0);
    }
    const { status, error } = this.#final;
    if (status === 'failed' || status === 'cancelled') {
      throw toFailure(error, `The model's response has the status ${status}.`);
    }
    const malformed = malformedCallFailure(this.#final.incomplete_details?.reason);
    if (malformed !== null) throw malformed;
    const end = toEnd(this.#final);
    const items = this.#output(this.#final);
    const isComplete = end === 'stop' || end === 'other';
    const stored = isComplete ? this.#withTextCalls(items) : items;
    const calls = isComplete ? stored.flatMap(toCall) : [];
    yield* this.#emitter.finish(items);
    yield {
      type: 'finished',
      items: [originItem(this.#origin), ...stored],
      calls,
      usage: toUsage(this.#final.usage),
      end,
      truncated: end !== 'stop' && this.#emitter.endsWith(items),
    };
  }

  #output({ output }: { readonly output?: OutputItem[] | null }): OutputItem[] {
    const items =
      output && output.length > 0
        ? output
        : [...this.#items]
            .toSorted(([a], [b]) => a - b)
            .map(([index, item]) => this.#normalizer.item(item, index));
    checkItemCount(items.length);
    const normalized = items.map((item) => this.#normalizer.item(item));
    return withCallerIds(withoutRepetitions(normalized), this.#usedIds);
  }

  #withTextCalls(items: OutputItem[]): OutputItem[] {
    if (items.some(({ type }) => type === 'function_call')) return items;
    return items.flatMap((item) => {
      const calls = toCallItems(item, this.#textFunctions);
      return calls.length === 0 ? [item] : calls;
    });
  }

  /** Collects items that are done, and function calls as they start: some servers send no more. */
  #collect(event: StreamEvent): void {
    if (event.type === 'response.output_text.done') {
      this.#collectPart(event, { type: 'output_text', text: event.text, annotations: [] });
    } else if (
      event.type === 'response.content_part.done' &&
      event.part.type !== 'reasoning_text'
    ) {
      this.#collectPart(event, event.part);
    }
    const isNewCall =
      event.type === 'response.output_item.added' && event.item.type === 'function_call';
    if (!isNewCall && event.type !== 'response.output_item.done') return;
    this.#hasDoneItem ||= !isNewCall;
    this.#items.set(event.output_index ?? this.#indexOf(event.item), event.item);
    checkItemCount(this.#items.size);
  }

  /** Collects the parts of a message, for servers that send neither deltas nor items. */
  #collectPart(event: PartEvent, part: Part): void {
    const index = event.output_index ?? 0;
    const item = withPart(this.#items.get(index), event, part);
    if (item !== null) this.#items.set(index, item);
    checkItemCount(this.#items.size);
  }

  /** The index of an item that comes without one: that of the item with the same id, else the next. */
  #indexOf({ id }: OutputItem): number {
    const known = [...this.#items].find(([, item]) => id !== undefined && item.id === id);
    return known?.[0] ?? this.#items.size;
  }
}
