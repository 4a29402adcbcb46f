import type { Ids } from '../../../shared/ids.ts';
import {
  callPieces,
  type ChatChunk,
  type ChatUsage,
  type Choice,
  contentText,
  errorIn,
} from './chunk.ts';
import { type Fields, mergeFields } from './merge-fields.ts';
import { ToolCallAssembler } from './tool-call-assembler.ts';
import { type ModelEvent, ModelFailure, tokensOf, type Usage } from '../model.ts';
import {
  functionCalls,
  type ChatCall,
  type ChatMessage,
  type Origin,
  originItem,
} from '../past-turns.ts';
import { endOf } from '../finish-reason.ts';
import { callsInText, type Functions } from '../text-calls.ts';
import { malformedCallFailure, toStreamError, UnusableAnswer } from '../upstream-error.ts';

type Kind = 'text' | 'refusal';

const promptTokensOf = (usage: ChatUsage | null): number =>
  tokensOf(usage?.prompt_tokens ?? usage?.input_tokens);

function toUsage(usage: ChatUsage | null): Usage {
  const prompt_tokens = promptTokensOf(usage);
  const completion_tokens = tokensOf(usage?.completion_tokens ?? usage?.output_tokens);
  const cached =
    usage?.prompt_tokens_details?.cached_tokens ??
    usage?.prompt_cache_hit_tokens ??
    usage?.cached_tokens;
  const reasoning_tokens = usage?.completion_tokens_details?.reasoning_tokens;
  return {
    prompt_tokens,
    completion_tokens,
    total_tokens: tokensOf(usage?.total_tokens) || prompt_tokens + completion_tokens,
    prompt_token_details: { cached_tokens: tokensOf(cached) },
    completion_tokens_details: { reasoning_tokens: tokensOf(reasoning_tokens) },
  };
}

/** Fields of a message that are sent back in another form, or that mean nothing there. */
const knownFields: ReadonlySet<string> = new Set([
  'role',
  'content',
  'refusal',
  'reasoning_content',
  'tool_calls',
  'function_call',
  'annotations',
  'audio',
  'token_ids',
]);

const hasReasoning = (extra: Fields): boolean =>
  ['reasoning', 'reasoning_details', 'thinking_blocks'].some((name) => Boolean(extra[name]));

interface ReaderOptions {
  readonly headers: Headers;
  readonly origin: Origin;
  /** The functions that the model may call. */
  readonly functions: Functions;
  /** Whether a server may leave calls in the text. */
  readonly readsCallsInText: boolean;
}

/** Turns one stream of Chat Completions into model events. */
export class ChatStreamReader {
  readonly #headers: Headers;
  readonly #origin: Origin;
  readonly #calls: ToolCallAssembler;
  /** A call in the old form; some servers send each call in both. */
  readonly #oldCall: ToolCallAssembler;
  readonly #textFunctions: Functions;
  readonly #extra: Fields = {};
  readonly #parts: { readonly kind: Kind; text: string }[] = [];
  #reasoning = '';
  #isReasoning = false;
  #hasDelta = false;
  #usage: ChatUsage | null = null;
  #finishReason: string | null = null;
  #isDone = false;

  constructor({ headers, origin, functions, readsCallsInText }: ReaderOptions) {
    this.#headers = headers;
    this.#origin = origin;
    const functionNames = new Set(functions.keys());
    this.#textFunctions = readsCallsInText ? functions : new Map();
    this.#calls = new ToolCallAssembler(functionNames);
    this.#oldCall = new ToolCallAssembler(functionNames);
  }

  /** Reads one chunk; null is the server's end marker. */
  *read(chunk: ChatChunk | null): Generator<ModelEvent> {
    if (chunk === null) {
      this.#isDone = true;
      return;
    }
    const error = errorIn(chunk);
    if (error !== null) throw toStreamError(error, this.#headers);
    const choices = chunk.choices ?? [];
    for (const usage of [chunk.usage, chunk.x_groq?.usage, ...choices.map((one) => one.usage)]) {
      this.#readUsage(usage ?? null);
    }
    // Only one answer was asked for: some servers send its text and its calls as two choices.
    for (const choice of choices) yield* this.#readChoice(choice);
  }

  /** Some servers send the usage early, and zeros at the end. */
  #readUsage(usage: ChatUsage | null): void {
    if (promptTokensOf(usage) > 0) this.#usage = usage;
    else this.#usage ??= usage;
  }

  *#readChoice({ delta, message, finish_reason }: Choice): Generator<ModelEvent> {
    const piece = delta ?? message ?? {};
    const { content, refusal, reasoning_content, function_call } = piece;
    // Some servers end a stream with the whole message.
    const isRepetition = !delta && this.#hasDelta;
    this.#hasDelta ||= Boolean(delta);
    if (!isRepetition) this.#reasoning += reasoning_content ?? '';
    mergeFields(this.#extra, piece, isRepetition ? 'last' : 'joined', knownFields);
    if (!this.#isReasoning && (this.#reasoning !== '' || hasReasoning(this.#extra))) {
      this.#isReasoning = true;
      yield { type: 'reasoning' };
    }
    const text = contentText(content);
    yield* this.#emitText('text', isRepetition ? this.#unseen('text', text) : text);
    yield* this.#emitText(
      'refusal',
      isRepetition ? this.#unseen('refusal', refusal ?? '') : (refusal ?? ''),
    );
    for (const call of callPieces(piece)) this.#calls.add(call);
    if (function_call) this.#oldCall.add({ function: function_call });
    // Some servers send an empty string, or repeat the reason with the usage.
    this.#finishReason = finish_reason || this.#finishReason;
  }

  /** What a whole text has beyond its pieces so far. */
  #unseen(kind: Kind, text: string): string {
    const seen = this.#parts.find((part) => part.kind === kind)?.text ?? '';
    return text.startsWith(seen) ? text.slice(seen.length) : '';
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
    const reason = this.#finishReason;
    const failure = malformedCallFailure(reason);
    if (failure !== null) throw failure;
    const end = endOf(reason ?? '');
    if (end === 'error') {
      const suffix = reason === 'error' ? '' : ` (${reason})`;
      throw new ModelFailure('server_error', `The model stopped with an error${suffix}.`, 0);
    }
    const message = end === 'stop' ? this.#finishMessage(ids, usedIds) : this.#message([]);
    if (this.#parts.length > 0) yield { type: 'message_done' };
    yield {
      type: 'finished',
      items: [originItem(this.#origin), message],
      calls: functionCalls([message]),
      usage: toUsage(this.#usage),
      end,
      truncated: end !== 'stop',
    };
  }

  #finishMessage(ids: Ids, usedIds: ReadonlySet<string>): ChatMessage {
    const calls = this.#finishCalls(ids, usedIds);
    const message = this.#message(calls);
    if (calls.length > 0 || message.content === null) return message;
    const textCalls = callsInText(message.content, this.#textFunctions);
    if (textCalls.length === 0) return message;
    const tool_calls = textCalls.map((called) => {
      const id = ids.newId('call_');
      return { id, call_id: id, type: 'function' as const, function: called };
    });
    return { ...message, content: null, tool_calls };
  }

  #finishCalls(ids: Ids, usedIds: ReadonlySet<string>): ChatCall[] {
    const assembler = this.#calls.isEmpty ? this.#oldCall : this.#calls;
    const calls = assembler.finish(ids, usedIds);
    const wantsCalls = /^(?:tool_(?:calls?|use)|function_call)$/u.test(this.#finishReason ?? '');
    if (wantsCalls && calls.length === 0 && this.#parts.length === 0) {
      throw new UnusableAnswer('The model endpoint announced a function call that did not come.');
    }
    return calls;
  }

  #message(tool_calls: readonly ChatCall[]): ChatMessage {
    const content = this.#parts.map(({ text }) => text).join('\n');
    return {
      role: 'assistant',
      content: content === '' ? null : content,
      ...(tool_calls.length === 0 ? {} : { tool_calls }),
      ...(this.#reasoning === '' ? {} : { reasoning_content: this.#reasoning }),
      ...(Object.keys(this.#extra).length === 0 ? {} : { extra: this.#extra }),
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
