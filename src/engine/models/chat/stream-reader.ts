import type { Ids } from '../../../shared/ids.ts';
import type { ChatChunk, ChatUsage, Delta } from './chunk.ts';
import { ToolCallAssembler } from './tool-call-assembler.ts';
import { type ModelEvent, ModelFailure, tokensOf, type Usage } from '../model.ts';
import { functionCalls, type ChatCall, type ChatMessage } from '../past-turns.ts';
import { toStreamError } from '../upstream-error.ts';

type Kind = 'text' | 'refusal';

function toUsage(usage: ChatUsage | null): Usage {
  const prompt_tokens = tokensOf(usage?.prompt_tokens);
  const completion_tokens = tokensOf(usage?.completion_tokens);
  const cached = usage?.prompt_tokens_details?.cached_tokens ?? usage?.prompt_cache_hit_tokens;
  const reasoning_tokens = usage?.completion_tokens_details?.reasoning_tokens;
  return {
    prompt_tokens,
    completion_tokens,
    total_tokens: tokensOf(usage?.total_tokens) || prompt_tokens + completion_tokens,
    prompt_token_details: { cached_tokens: tokensOf(cached) },
    completion_tokens_details: { reasoning_tokens: tokensOf(reasoning_tokens) },
  };
}

/** Content is a string or a list of parts; parts of other types are reasoning. */
const contentText = (content: Delta['content']): string =>
  typeof content === 'string'
    ? content
    : (content ?? []).map(({ type, text }) => (type === 'text' ? (text ?? '') : '')).join('');

const isBareError = ({ object, choices, message, detail }: ChatChunk): boolean =>
  object === 'error' || (choices === undefined && (message ?? detail) !== undefined);

/** Turns one stream of Chat Completions into model events. */
export class ChatStreamReader {
  readonly #headers: Headers;
  readonly #calls = new ToolCallAssembler();
  readonly #parts: { readonly kind: Kind; text: string }[] = [];
  #reasoning = '';
  #usage: ChatUsage | null = null;
  #finishReason: string | null = null;
  #isDone = false;

  constructor(headers: Headers) {
    this.#headers = headers;
  }

  /** Reads one chunk; null is the server's end marker. */
  *read(chunk: ChatChunk | null): Generator<ModelEvent> {
    if (chunk === null) {
      this.#isDone = true;
      return;
    }
    const error = isBareError(chunk) ? chunk : (chunk.error ?? null);
    if (error !== null) throw toStreamError(error, this.#headers);
    const usage = chunk.usage ?? chunk.x_groq?.usage;
    // Some servers send the usage early, and zeros at the end.
    if ((usage?.prompt_tokens ?? 0) > 0) this.#usage = usage ?? null;
    else this.#usage ??= usage ?? null;
    const choice = chunk.choices?.[0];
    if (choice === undefined) return;
    const { content, refusal, reasoning_content, tool_calls } =
      choice.delta ?? choice.message ?? {};
    this.#reasoning += reasoning_content ?? '';
    yield* this.#emitText('text', contentText(content));
    yield* this.#emitText('refusal', refusal ?? '');
    for (const piece of tool_calls ?? []) this.#calls.add(piece);
    // Some servers send an empty string, or repeat the reason with the usage.
    this.#finishReason = choice.finish_reason || this.#finishReason;
  }

  /** Whether the server has sent its end marker. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** Whether the answer is complete: some servers send only an end marker, others only a reason. */
  get hasEnded(): boolean {
    return this.#isDone || this.#finishReason !== null;
  }

  /**
   * The last events, after the stream has ended; `usedIds` are those of the run's earlier calls. Throws
   * {@link ModelFailure} if the answer is incomplete.
   */
  *finish(ids: Ids, usedIds: ReadonlySet<string>): Generator<ModelEvent> {
    if (!this.hasEnded) {
      throw new ModelFailure(
        'server_error',
        "The model's stream ended before the answer was complete.",
        0,
      );
    }
    if (this.#finishReason === 'error') {
      throw new ModelFailure('server_error', 'The model stopped with an error.', 0);
    }
    const reason = this.#finishReason;
    const end = reason === 'length' || reason === 'content_filter' ? reason : 'stop';
    if (this.#parts.length > 0) yield { type: 'message_done' };
    const items = [this.#message(this.#calls.finish(ids, usedIds))];
    yield {
      type: 'finished',
      items,
      calls: functionCalls(items),
      usage: toUsage(this.#usage),
      end,
      truncated: end !== 'stop',
    };
  }

  #message(tool_calls: readonly ChatCall[]): ChatMessage {
    const content = this.#parts.map(({ text }) => text).join('\n');
    return {
      role: 'assistant',
      content: content === '' ? null : content,
      ...(tool_calls.length === 0 ? {} : { tool_calls }),
      ...(this.#reasoning === '' ? {} : { reasoning_content: this.#reasoning }),
    };
  }

  *#emitText(kind: Kind, text: string): Generator<ModelEvent> {
    if (text === '') return;
    if (this.#parts.length === 0) yield { type: 'message_started' };
    let part = this.#parts.findIndex((other) => other.kind === kind);
    if (part === -1) part = this.#parts.push({ kind, text: '' }) - 1;
    const current = this.#parts[part];
    if (current !== undefined) current.text += text;
    yield { type: 'delta', part, kind, text };
  }
}
