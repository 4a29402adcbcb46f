import type OpenAI from 'openai';
import type { RunSettings, Usage } from '../store/schema.ts';

export type { Usage } from '../store/schema.ts';

/** A function call of the model. `arguments` is JSON text, as the model wrote it if that was JSON. */
export interface FunctionCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}

/** An earlier model call of the same run: its output and the outputs of its function calls. */
export interface PastTurn {
  /** Output items exactly as received, reasoning included. Their format is the model API's own. */
  readonly items: readonly unknown[];
  readonly outputs: readonly { readonly tool_call_id: string; readonly output: string }[];
}

/** The tools that the model endpoint executes. */
export const hostedTools = ['file_search', 'code_interpreter'] as const;
export type HostedTool = (typeof hostedTools)[number];

export type MessageContent = OpenAI.Beta.Threads.MessageContent;

/** The fields of a thread message that a model sees. */
export interface ContextMessage {
  readonly role: 'user' | 'assistant';
  readonly content: readonly MessageContent[];
}

type ToolCall = OpenAI.Beta.Threads.Runs.ToolCall;
type CodeCall = Extract<ToolCall, { type: 'code_interpreter' }>;
type SearchCall = Extract<ToolCall, { type: 'file_search' }>;

/** A call of a tool that the model endpoint hosts, as in a run step but without its id (contract §6). */
export type HostedCall = Omit<CodeCall, 'id'> | Omit<SearchCall, 'id'>;

/** A file that a tool generated and the endpoint soon deletes: in a container, or an image URL. */
export type EphemeralFile =
  | { readonly container_id: string; readonly file_id: string; readonly filename: string }
  | { readonly url: string };

export interface ModelRequest {
  readonly settings: RunSettings;
  /** The part of the thread that fits into the prompt, oldest first, without this run's messages. */
  readonly messages: readonly ContextMessage[];
  readonly turns: readonly PastTurn[];
  /** Null: no limit. */
  readonly maxOutputTokens: number | null;
  /** The container with the thread's files and earlier code output; null: create a new one. */
  readonly container: string | null;
  /** Resolves to the id of the saved file, or to null when it could not be saved. */
  readonly saveFile: (file: EphemeralFile) => Promise<string | null>;
  /** The name of a function that the engine answers itself with passages of files; absent: none. */
  readonly searchFunction?: string;
  /** Whether the engine can search the files in the place of a model API that has no file_search. */
  readonly canSearchFiles?: true;
  readonly signal: AbortSignal;
}

/**
 * An event of a streaming model call. Messages and hosted tool calls never overlap: each has a start
 * event, deltas that add up to its whole content, and a done event. `finished` comes last, exactly
 * once, and carries all function calls, because callers get them together (contract §8.8).
 */
export type ModelEvent =
  /** The model sends its reasoning beside the text; nothing to show. */
  | { readonly type: 'reasoning' }
  | { readonly type: 'message_started' }
  | {
      readonly type: 'delta';
      readonly part: number;
      readonly kind: 'text' | 'refusal';
      readonly text: string;
      /** A citation. `text` is its marker, or empty when an earlier delta already had the marker. */
      readonly annotation?: OpenAI.Beta.Threads.Annotation;
    }
  /** An image, appended to the current message. */
  | { readonly type: 'image'; readonly file_id: string }
  | { readonly type: 'message_done' }
  /** `call` has no input, outputs or results yet. */
  | { readonly type: 'call_started'; readonly call: HostedCall }
  /** The next piece of the code interpreter's input. */
  | { readonly type: 'call_input'; readonly text: string }
  | {
      readonly type: 'call_done';
      /** The complete call; its input is the sum of the `call_input` events. */
      readonly call: HostedCall;
      /** The id of the container in which the code ran. */
      readonly container?: string;
    }
  /** One of several model calls of the turn has ended; `items` and `usage` are those of all so far. */
  | { readonly type: 'turn_so_far'; readonly items: readonly unknown[]; readonly usage: Usage }
  | {
      readonly type: 'finished';
      readonly items: readonly unknown[];
      readonly calls: readonly FunctionCall[];
      readonly usage: Usage;
      readonly end: 'stop' | 'length' | 'content_filter' | 'other';
      /** Whether the last message is incomplete. */
      readonly truncated: boolean;
      /** What of the run's settings was not sent; absent: nothing. */
      readonly omitted?: Omissions;
    };

/** What of a run's settings a model was not sent, under the names of the API. */
export interface Omissions {
  readonly parameters: readonly string[];
  readonly tools: readonly HostedTool[];
}

/** A hosted tool that the model endpoint lacks. */
export interface UnsupportedTool {
  readonly type: HostedTool;
  /** Why a run cannot be created with it, in one sentence. */
  readonly reason: string;
}

/** Whether a request offers tools that the model endpoint hosts. */
export const usesHostedTools = ({ settings: { tools, tool_choice } }: ModelRequest): boolean =>
  tool_choice !== 'none' && tools.some(({ type }) => type !== 'function');

/** The JSON format that a request asks for; null: none. */
export const jsonFormatOf = ({ settings: { response_format: format } }: ModelRequest) =>
  typeof format === 'object' && format.type !== 'text' ? format.type : null;

/** Whether a batch has more than signs of life. */
export const isAnswer = (batch: readonly ModelEvent[]): boolean =>
  batch.some(({ type }) => type !== 'reasoning');

/** A model API. One call of `respond` is one model call. */
export interface Model {
  /** Why this configuration cannot create runs, in one sentence; null when it can. */
  readonly unavailable: string | null;
  /** The tools that the endpoint lacks, each type once, in the order of `tools` (contract §8.2). */
  unsupportedTools(
    tools: readonly OpenAI.Beta.AssistantTool[],
  ): Promise<readonly UnsupportedTool[]>;
  /**
   * The events, in batches as they arrive; an empty batch says that the model is still working. Throws
   * {@link ModelFailure} when the model fails, and the abort reason of `signal`.
   */
  respond(request: ModelRequest): AsyncIterable<readonly ModelEvent[]>;
}

/** A failed model call. The last one becomes the run's `last_error` (contract §5.7). */
export class ModelFailure extends Error {
  override readonly name = 'ModelFailure';
  readonly code: OpenAI.Beta.Threads.Run.LastError['code'];
  /** Null: not retryable. */
  readonly retryAfterMs: number | null;
  /** The endpoint's HTTP status; null: there was no response. */
  readonly status: number | null;

  constructor(
    code: OpenAI.Beta.Threads.Run.LastError['code'],
    message: string,
    retryAfterMs: number | null = null,
    status: number | null = null,
  ) {
    super(message);
    this.code = code;
    this.retryAfterMs = retryAfterMs;
    this.status = status;
  }
}

/** The model API has no hosted tools, and the request needs one. */
export class HostedToolsMissing extends ModelFailure {
  constructor(reason: string) {
    super('server_error', reason);
  }
}

export const noUsage: Usage = {
  prompt_tokens: 0,
  completion_tokens: 0,
  total_tokens: 0,
  prompt_token_details: { cached_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 0 },
};

/** A token count of an endpoint as a whole number; 0 for anything that is not a positive number. */
export function tokensOf(count: unknown): number {
  const isText = typeof count === 'string' && /^\d{1,15}(?:\.\d{1,15})?$/u.test(count);
  const tokens = isText ? Number(count) : count;
  return typeof tokens === 'number' && tokens > 0 && Number.isFinite(tokens)
    ? Math.round(tokens)
    : 0;
}
