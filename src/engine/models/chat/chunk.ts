import { checkShape, malformedAnswer, type Shape } from '../json-shape.ts';
import type { CallPiece } from './tool-call-assembler.ts';

/** What servers put into a message or a delta of it (contract §9). */
export interface Delta {
  readonly content?:
    | string
    | readonly { readonly type?: string | null; readonly text?: string | null }[]
    | null;
  readonly refusal?: string | null;
  readonly reasoning_content?: string | null;
  readonly tool_calls?: readonly CallPiece[] | null;
  /** The old form of a single call. */
  readonly function_call?: CallPiece['function'];
}

export interface ChatUsage {
  readonly prompt_tokens?: number;
  readonly completion_tokens?: number;
  readonly total_tokens?: number;
  /** DeepSeek's name for cached tokens. */
  readonly prompt_cache_hit_tokens?: number | null;
  readonly prompt_tokens_details?: { readonly cached_tokens?: number | null } | null;
  readonly completion_tokens_details?: { readonly reasoning_tokens?: number | null } | null;
}

/** A chunk of a stream, or the whole completion of a server that does not stream. */
export interface ChatChunk {
  readonly choices?:
    | readonly {
        readonly delta?: Delta | null;
        readonly message?: Delta | null;
        readonly finish_reason?: string | null;
      }[]
    | null;
  readonly usage?: ChatUsage | null;
  /** Groq sends the usage here. */
  readonly x_groq?: { readonly usage?: ChatUsage | null } | null;
  readonly error?: unknown;
  /** The fields of an error without an envelope; vLLM sends `object: 'error'`. */
  readonly object?: unknown;
  readonly message?: unknown;
  readonly detail?: unknown;
}

const contentShape: Shape = (content) =>
  typeof content === 'string' ? 'string' : [{ type: 'string', text: 'string' }];

const deltaShape: Shape = {
  content: contentShape,
  refusal: 'string',
  reasoning_content: 'string',
  tool_calls: [{ index: 'number', id: 'string', function: { name: 'string' } }],
  function_call: { name: 'string' },
};

const chunkShape: Shape = {
  choices: [{ delta: deltaShape, message: deltaShape, finish_reason: 'string' }],
};

/**
 * Checks the types of everything that is read of a chunk; `what` names it in the error. Throws a
 * `ModelFailure`. Null is an empty chunk.
 */
export function toChunk(value: unknown, what: string): ChatChunk {
  if (value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw malformedAnswer(`${what} that is not a JSON object`);
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the shape is checked
  return checkShape(value, chunkShape) as ChatChunk;
}
