import { fieldOf, isJsonObject } from '../../../shared/json.ts';
import { checkShape, malformedAnswer, type Shape } from '../json-shape.ts';
import { errorInList } from '../upstream-error.ts';
import type { CallPiece } from './tool-call-assembler.ts';

type ContentPart = string | { readonly type?: string | null; readonly text?: string | null };

/** What servers put into a message or a delta of it (contract §9). */
export interface Delta {
  readonly content?: ContentPart | readonly ContentPart[] | null;
  readonly refusal?: string | null;
  readonly reasoning_content?: string | null;
  readonly tool_calls?: CallPiece | readonly CallPiece[] | null;
  /** The old form of a single call. */
  readonly function_call?: CallPiece['function'];
}

/** Token counts; some servers send them as texts. */
export interface ChatUsage {
  readonly prompt_tokens?: unknown;
  readonly completion_tokens?: unknown;
  readonly total_tokens?: unknown;
  /** The names of the Responses API. */
  readonly input_tokens?: unknown;
  readonly output_tokens?: unknown;
  /** DeepSeek's name for cached tokens, and Moonshot's. */
  readonly prompt_cache_hit_tokens?: unknown;
  readonly cached_tokens?: unknown;
  readonly prompt_tokens_details?: { readonly cached_tokens?: unknown } | null;
  readonly completion_tokens_details?: { readonly reasoning_tokens?: unknown } | null;
}

export interface Choice {
  readonly delta?: Delta | null;
  readonly message?: Delta | null;
  readonly finish_reason?: string | null;
  /** Moonshot sends the usage here. */
  readonly usage?: ChatUsage | null;
  /** OpenRouter sends the error of a provider here. */
  readonly error?: unknown;
}

/** A chunk of a stream, or the whole completion of a server that does not stream. */
export interface ChatChunk {
  readonly choices?: readonly Choice[] | null;
  readonly usage?: ChatUsage | null;
  /** Groq sends the usage here. */
  readonly x_groq?: { readonly usage?: ChatUsage | null } | null;
  readonly error?: unknown;
  /** The fields of an error without an envelope; vLLM sends `object: 'error'`. */
  readonly object?: unknown;
  readonly message?: unknown;
  readonly detail?: unknown;
  readonly msg?: unknown;
  readonly errors?: unknown;
  /** MiniMax reports errors here. */
  readonly base_resp?: unknown;
}

const partShape: Shape = (part) =>
  typeof part === 'string' ? 'string' : { type: 'string', text: 'string' };

const contentShape: Shape = (content) =>
  typeof content === 'string' || (isJsonObject(content) && 'text' in content)
    ? partShape(content)
    : [partShape];

const callShape: Shape = {
  index: (index) => (typeof index === 'string' ? 'string' : 'number'),
  id: (id) => (typeof id === 'number' ? 'number' : 'string'),
  name: 'string',
  function: { name: 'string' },
};

/** TGI sends a single call without a list. */
const callsShape: Shape = (calls) =>
  isJsonObject(calls) && 'function' in calls ? callShape : [callShape];

const deltaShape: Shape = {
  content: contentShape,
  refusal: 'string',
  reasoning_content: 'string',
  tool_calls: callsShape,
  function_call: { name: 'string' },
};

const chunkShape: Shape = {
  choices: [{ delta: deltaShape, message: deltaShape, finish_reason: 'string' }],
};

/**
 * Checks the types of everything that is read of a chunk; `what` names it in the error. Throws a
 * `ModelFailure`. Null is an empty chunk.
 */
export function toChunk(received: unknown, what: string): ChatChunk {
  const value = errorInList(received) ?? received;
  if (value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw malformedAnswer(`${what} that is not a JSON object`);
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the shape is checked
  return checkShape(value, chunkShape) as ChatChunk;
}

/** Parts of other types are reasoning. */
const partText = (part: ContentPart): string => {
  if (typeof part === 'string') return part;
  return ['text', 'output_text'].includes(part.type ?? 'text') ? (part.text ?? '') : '';
};

/** The text of a message, which is a string or parts. */
export function contentText(content: Delta['content']): string {
  if (content === null || content === undefined) return '';
  const parts = isList(content) ? content : [content];
  return parts.map(partText).join('');
}

const isList = <T>(value: T | readonly T[]): value is readonly T[] => Array.isArray(value);

export const callPieces = ({ tool_calls }: Delta): readonly CallPiece[] => {
  if (tool_calls === null || tool_calls === undefined) return [];
  return isList(tool_calls) ? tool_calls : [tool_calls];
};

/** Some servers send an empty error with every chunk. */
const isEmptyError = (error: unknown): boolean => !error || JSON.stringify(error) === '{}';

/** The error that a chunk reports, in any of its places; null: none. */
export function errorIn(chunk: ChatChunk): unknown {
  const { error, object, choices, message, detail, msg, errors, base_resp } = chunk;
  if (error !== null && error !== undefined && !(choices && isEmptyError(error))) return error;
  if (object === 'error') return chunk;
  if (choices) {
    return choices.find((choice) => !isEmptyError(choice.error))?.error ?? null;
  }
  const code = fieldOf(base_resp, 'status_code');
  if (code) return { code, message: fieldOf(base_resp, 'status_msg') };
  const text = message ?? detail ?? msg ?? (Array.isArray(errors) ? errors[0] : errors);
  return choices === undefined && text !== undefined && text !== null ? chunk : null;
}
