import OpenAI, { APIError } from 'openai';
import {
  type FunctionCall,
  type MessageContent,
  type Model,
  type ModelEvent,
  ModelFailure,
  type ModelRequest,
  type Usage,
} from './model.ts';
import { annotate } from './annotations.ts';
import { toResponseParams } from './responses-input.ts';
import { errorCode, toModelFailure } from './upstream-error.ts';

type Response = OpenAI.Responses.Response;
type OutputItem = OpenAI.Responses.ResponseOutputItem;
type StreamEvent = OpenAI.Responses.ResponseStreamEvent;
type Finished = Extract<ModelEvent, { type: 'finished' }>;

export interface ResponsesOptions {
  /** Null for servers that ask for none. */
  readonly apiKey: string | null;
  /** Null for OpenAI's own endpoint. */
  readonly baseURL: string | null;
  readonly fetch?: typeof globalThis.fetch;
  /** What must never appear in a run's error, beside the key. */
  readonly secrets?: readonly string[];
}

const openaiURL = 'https://api.openai.com/v1';
/** The run's own deadline ends a call; the SDK's ten minutes would cut longer lifetimes short. */
const noTimeout = 2 ** 31 - 1;

const toPart = (part: OpenAI.Responses.ResponseOutputMessage['content'][number]): MessageContent =>
  part.type === 'refusal'
    ? { type: 'refusal', refusal: part.refusal }
    : { type: 'text', text: annotate(part) };

const isEmpty = (content: readonly MessageContent[]): boolean =>
  content.every((part) => part.type === 'text' && part.text.value === '');

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

/** Follows one stream; the response that ends it is the truth that the events are held against. */
class StreamReader {
  readonly #items = new Map<number, OutputItem>();
  readonly #written = new Set<number>();
  #open: number | null = null;
  #final: Response | null = null;

  *read(event: StreamEvent): Generator<ModelEvent> {
    switch (event.type) {
      case 'response.output_text.delta':
        yield* this.#delta(event.output_index, event.content_index, 'text', event.delta);
        break;
      case 'response.refusal.delta':
        yield* this.#delta(event.output_index, event.content_index, 'refusal', event.delta);
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
        throw new ModelFailure(errorCode(event.code), event.message);
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
      throw new ModelFailure('server_error', "The model's stream ended before its answer did.");
    }
    const { status, error } = this.#final;
    if (status === 'failed' || status === 'cancelled') {
      const message = error?.message ?? `The model's answer was ${status}.`;
      throw new ModelFailure(errorCode(error?.code), message);
    }
    const end = toEnd(this.#final);
    const items = this.#output(this.#final);
    for (const [index, item] of items.entries()) {
      yield* this.#done(index, item, end !== 'stop' && index === items.length - 1);
    }
    yield* this.#closeSilent();
    const calls = items.flatMap(toCall);
    yield { type: 'finished', items, calls, usage: toUsage(this.#final.usage), end };
  }

  #output(final: Response): OutputItem[] {
    if (final.output.length > 0) return final.output;
    return [...this.#items].toSorted(([a], [b]) => a - b).map(([, item]) => item);
  }

  *#delta(
    index: number,
    part: number,
    kind: 'text' | 'refusal',
    text: string,
  ): Generator<ModelEvent> {
    if (text === '' || this.#written.has(index)) return;
    if (this.#open !== index) {
      yield* this.#closeSilent();
      this.#open = index;
      yield { type: 'message_started' };
    }
    yield { type: 'delta', part, kind, text };
  }

  /** Some servers never say that a message is done: the next one, or the end, says it for them. */
  *#closeSilent(): Generator<ModelEvent> {
    if (this.#open === null) return;
    this.#written.add(this.#open);
    this.#open = null;
    yield { type: 'message_done', content: null, cut: false };
  }

  *#done(index: number, item: OutputItem, last: boolean): Generator<ModelEvent> {
    if (item.type !== 'message' || this.#written.has(index)) return;
    const content = item.content.map(toPart);
    this.#written.add(index);
    if (this.#open !== index) {
      if (isEmpty(content)) return;
      yield* this.#closeSilent();
      yield { type: 'message_started' };
    }
    this.#open = null;
    yield { type: 'message_done', content, cut: last || item.status === 'incomplete' };
  }
}

const unavailable =
  'No model is configured to run this: set OPENAI_API_KEY, or set OPENAI_BASE_URL to a server that needs no key, or choose the offline scripted model with ASSISTANTS_MODEL_API=scripted.';

const createClient = ({ apiKey, baseURL, fetch }: ResponsesOptions): OpenAI =>
  new OpenAI({
    apiKey: apiKey ?? 'none',
    baseURL: baseURL ?? openaiURL,
    timeout: noTimeout,
    logLevel: 'off',
    ...(apiKey === null ? { defaultHeaders: { Authorization: null } } : {}),
    ...(fetch === undefined ? {} : { fetch }),
  });

/** Asks for the reasoning that a stateless replay needs, but only once of models that refuse it. */
function createOpener(client: OpenAI) {
  const plainModels = new Set<string>();
  const create = (request: ModelRequest) => {
    const params = toResponseParams(request);
    if (!plainModels.has(params.model ?? '')) params.include = ['reasoning.encrypted_content'];
    return client.responses.create(params, { signal: request.signal }).withResponse();
  };
  return async (request: ModelRequest) => {
    try {
      return await create(request);
    } catch (error) {
      const { model } = request.settings;
      const refused =
        error instanceof APIError &&
        error.status === 400 &&
        /encrypted|include/i.test(error.message);
      if (!refused || plainModels.has(model)) throw error;
      plainModels.add(model);
      return create(request);
    }
  };
}

/**
 * Runs assistants on the Responses API of OpenAI or of a server that speaks it (contract §8): every
 * call is streamed, nothing is stored upstream, and a run's transcript is replayed verbatim.
 */
export function createResponsesModel(options: ResponsesOptions): Model {
  const secrets = [...(options.secrets ?? []), options.apiKey ?? ''];
  const open = createOpener(createClient(options));
  return {
    unavailable: options.apiKey === null && options.baseURL === null ? unavailable : null,
    async *respond(request) {
      let requestId: string | null = null;
      try {
        const { data: stream, request_id } = await open(request);
        requestId = request_id;
        const reader = new StreamReader();
        for await (const event of stream) {
          yield* reader.read(event);
          if (reader.ended) break;
        }
        yield* reader.finish();
      } catch (error) {
        throw toModelFailure(error, requestId, secrets);
      }
    },
  };
}
