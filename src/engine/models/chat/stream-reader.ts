import { APIError } from 'openai';
import type { Ids } from '../../../shared/ids.ts';
import { type CallPiece, ToolCallAssembler } from './tool-call-assembler.ts';
import { type ModelEvent, ModelFailure, tokensOf, type Usage } from '../model.ts';
import { functionCalls, type ChatCall, type ChatMessage } from '../past-turns.ts';

/** What one of many servers may put into a message or a piece of it (contract §9). */
interface Delta {
  readonly content?: string | readonly { readonly type?: string; readonly text?: string }[] | null;
  readonly refusal?: string | null;
  readonly reasoning_content?: string | null;
  readonly tool_calls?: readonly CallPiece[] | null;
}

interface ChatUsage {
  readonly prompt_tokens?: number;
  readonly completion_tokens?: number;
  readonly total_tokens?: number;
  /** DeepSeek's own name for what was cached. */
  readonly prompt_cache_hit_tokens?: number | null;
  readonly prompt_tokens_details?: { readonly cached_tokens?: number | null } | null;
  readonly completion_tokens_details?: { readonly reasoning_tokens?: number | null } | null;
}

/** A chunk of a stream, or a whole answer of a server that does not stream. */
export interface ChatChunk {
  readonly choices?: readonly {
    readonly delta?: Delta | null;
    readonly message?: Delta | null;
    readonly finish_reason?: string | null;
  }[];
  readonly usage?: ChatUsage | null;
  /** Groq's own place for it. */
  readonly x_groq?: { readonly usage?: ChatUsage | null } | null;
  readonly error?: unknown;
  /** What an error without an envelope says; vLLM has `error` for its `object`. */
  readonly object?: string;
  readonly message?: unknown;
  readonly detail?: unknown;
}

type Kind = 'text' | 'refusal';

function toUsage(usage: ChatUsage | null): Usage {
  const prompt_tokens = tokensOf(usage?.prompt_tokens);
  const completion_tokens = tokensOf(usage?.completion_tokens);
  const cached = usage?.prompt_tokens_details?.cached_tokens ?? usage?.prompt_cache_hit_tokens;
  const thought = usage?.completion_tokens_details?.reasoning_tokens;
  return {
    prompt_tokens,
    completion_tokens,
    total_tokens: tokensOf(usage?.total_tokens) || prompt_tokens + completion_tokens,
    prompt_token_details: { cached_tokens: tokensOf(cached) },
    completion_tokens_details: { reasoning_tokens: tokensOf(thought) },
  };
}

/** Text as it is, or in parts; parts of other kinds are what the model thinks. */
const spoken = (content: Delta['content']): string =>
  typeof content === 'string'
    ? content
    : (content ?? []).map(({ type, text = '' }) => (type === 'text' ? text : '')).join('');

const isBareError = ({ object, choices, message, detail }: ChatChunk): boolean =>
  object === 'error' || (choices === undefined && (message ?? detail) !== undefined);

/** An error where an answer was to be; some servers number them like HTTP. */
function toAPIError(error: unknown, headers: Headers): APIError {
  const code = Number(Reflect.get(Object(error), 'code'));
  const status = code >= 400 && code < 600 ? code : undefined;
  const body = typeof error === 'string' ? { message: error } : Object(error);
  return new APIError(status, body, undefined, headers);
}

/** Follows one answer of Chat Completions, whatever server gives it. */
export class ChatStreamReader {
  readonly #headers: Headers;
  readonly #calls = new ToolCallAssembler();
  readonly #parts: { readonly kind: Kind; text: string }[] = [];
  #reasoning = '';
  #usage: ChatUsage | null = null;
  #reason: string | null = null;
  #isDone = false;

  constructor(headers: Headers) {
    this.#headers = headers;
  }

  /** Takes a piece of the answer; null: the server says that there are no more. */
  *read(chunk: ChatChunk | null): Generator<ModelEvent> {
    if (chunk === null) {
      this.#isDone = true;
      return;
    }
    const error = isBareError(chunk) ? chunk : (chunk.error ?? null);
    if (error !== null) throw toAPIError(error, this.#headers);
    const usage = chunk.usage ?? chunk.x_groq?.usage;
    // Some servers count first, and then send an empty count at the end.
    if ((usage?.prompt_tokens ?? 0) > 0) this.#usage = usage ?? null;
    else this.#usage ??= usage ?? null;
    const choice = chunk.choices?.[0];
    if (choice === undefined) return;
    const { content, refusal, reasoning_content, tool_calls } =
      choice.delta ?? choice.message ?? {};
    this.#reasoning += reasoning_content ?? '';
    yield* this.#emitText('text', spoken(content));
    yield* this.#emitText('refusal', refusal ?? '');
    for (const piece of tool_calls ?? []) this.#calls.add(piece);
    // Some servers end with an empty string, or say it again with the usage.
    this.#reason = choice.finish_reason || this.#reason;
  }

  /** Whether nothing more is to come. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** Whether the model has ended its answer: some servers give no reason, others do not say so. */
  get hasEnded(): boolean {
    return this.#isDone || this.#reason !== null;
  }

  /** What is left to say when the stream is over; `used` are the ids of the run's earlier calls. */
  *finish(ids: Ids, used: ReadonlySet<string>): Generator<ModelEvent> {
    if (!this.hasEnded) {
      throw new ModelFailure('server_error', "The model's stream ended before its answer did.", 0);
    }
    if (this.#reason === 'error') {
      throw new ModelFailure('server_error', 'The model stopped with an error.', 0);
    }
    const end =
      this.#reason === 'length' || this.#reason === 'content_filter' ? this.#reason : 'stop';
    if (this.#parts.length > 0) yield { type: 'message_done' };
    const items = [this.#message(this.#calls.finish(ids, used))];
    const usage = toUsage(this.#usage);
    yield {
      type: 'finished',
      items,
      calls: functionCalls(items),
      usage,
      end,
      truncated: end !== 'stop',
    };
  }

  #message(tool_calls: readonly ChatCall[]): ChatMessage {
    const said = this.#parts.map(({ text }) => text).join('\n');
    return {
      role: 'assistant',
      content: said === '' ? null : said,
      ...(tool_calls.length === 0 ? {} : { tool_calls }),
      ...(this.#reasoning === '' ? {} : { reasoning_content: this.#reasoning }),
    };
  }

  *#emitText(kind: Kind, text: string): Generator<ModelEvent> {
    if (text === '') return;
    if (this.#parts.length === 0) yield { type: 'message_started' };
    let part = this.#parts.findIndex((known) => known.kind === kind);
    if (part === -1) part = this.#parts.push({ kind, text: '' }) - 1;
    const grown = this.#parts[part];
    if (grown !== undefined) grown.text += text;
    yield { type: 'delta', part, kind, text };
  }
}
