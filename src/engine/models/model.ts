import type OpenAI from 'openai';
import type { RunSettings, Usage } from '../store/schema.ts';

export type { Usage } from '../store/schema.ts';

/** A function call the model made: `arguments` is JSON text, as the model wrote it. */
export interface FunctionCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}

/** A model call of this run that came before: what it returned and how its calls were answered. */
export interface PastTurn {
  /** The output items exactly as they came, reasoning included; only their own model reads them. */
  readonly items: readonly unknown[];
  readonly outputs: readonly { readonly tool_call_id: string; readonly output: string }[];
}

export type MessageContent = OpenAI.Beta.Threads.MessageContent;

/** The part of a thread's message that a model sees. */
export interface ContextMessage {
  readonly role: 'user' | 'assistant';
  readonly content: readonly MessageContent[];
}

type ToolCall = OpenAI.Beta.Threads.Runs.ToolCall;
type CodeCall = Extract<ToolCall, { type: 'code_interpreter' }>;
type SearchCall = Extract<ToolCall, { type: 'file_search' }>;

/** A call of a tool that the model endpoint hosts, as a step shows it but for its id (contract §6). */
export type HostedCall = Omit<CodeCall, 'id'> | Omit<SearchCall, 'id'>;

/** What a tool made and the endpoint will not have for long: a container's file, or an image. */
export type EphemeralFile =
  | { readonly container_id: string; readonly file_id: string; readonly filename: string }
  | { readonly url: string };

export interface ModelRequest {
  readonly settings: RunSettings;
  /** The thread as far as it is shown to the model, oldest first, without this run's own messages. */
  readonly messages: readonly ContextMessage[];
  readonly turns: readonly PastTurn[];
  /** Tokens this call may produce; null: as many as the model likes. */
  readonly maxOutputTokens: number | null;
  /** The container that has the thread's files and what its code left there; null: take a new one. */
  readonly container: string | null;
  /** Resolves to the id of the file it is kept as, or to null when it could not be kept. */
  readonly saveFile: (made: EphemeralFile) => Promise<string | null>;
  readonly signal: AbortSignal;
}

/**
 * What a model does while it answers. Every message is started, grows by deltas that add up to all
 * of it, and is done before the next thing happens, and so is every call of a hosted tool;
 * `finished` comes last, exactly once. Function calls come with it, because they are shown to the
 * caller together (contract §8.8).
 */
export type ModelEvent =
  /** Nothing to show, but a sign of life. */
  | { readonly type: 'pulse' }
  | { readonly type: 'message_started' }
  | {
      readonly type: 'delta';
      readonly part: number;
      readonly kind: 'text' | 'refusal';
      readonly text: string;
      /** A reference and where it stands: `text` is its marker, or empty when that was told before. */
      readonly annotation?: OpenAI.Beta.Threads.Annotation;
    }
  /** An image of the open message, behind its text. */
  | { readonly type: 'image'; readonly file_id: string }
  | { readonly type: 'message_done' }
  /** A call as it begins: without input, outputs and results. */
  | { readonly type: 'call_started'; readonly call: HostedCall }
  /** More of the code that is about to run. */
  | { readonly type: 'call_input'; readonly text: string }
  | {
      readonly type: 'call_done';
      /** The whole call; its input is what was told of it. */
      readonly call: HostedCall;
      /** The container in which code ran. */
      readonly container?: string;
    }
  | {
      readonly type: 'finished';
      readonly items: readonly unknown[];
      readonly calls: readonly FunctionCall[];
      readonly usage: Usage;
      readonly end: 'stop' | 'length' | 'content_filter' | 'other';
      /** Whether it was in the middle of the last message that the model was stopped. */
      readonly truncated: boolean;
    };

/** Something that runs assistants: one call of `respond` is one model call. */
export interface Model {
  /** Why runs cannot be made at all with this configuration, in one sentence; null when they can. */
  readonly unavailable: string | null;
  /** Why a run with these tools cannot be made here, in one sentence; null when it can (contract §8.2). */
  unsupportedTools(tools: readonly OpenAI.Beta.AssistantTool[]): Promise<string | null>;
  /** Throws {@link ModelFailure} when the model fails, and whatever `signal` aborts with. */
  respond(request: ModelRequest): AsyncIterable<ModelEvent>;
}

/** A model call that failed; becomes the run's `last_error` if it stays so (contract §5.7). */
export class ModelFailure extends Error {
  override readonly name = 'ModelFailure';
  readonly code: OpenAI.Beta.Threads.Run.LastError['code'];
  /** Milliseconds after which the same call may succeed; null: it would only fail again. */
  readonly again: number | null;
  /** The endpoint's HTTP status; null: it did not come to one. */
  readonly status: number | null;

  constructor(
    code: OpenAI.Beta.Threads.Run.LastError['code'],
    message: string,
    again: number | null = null,
    status: number | null = null,
  ) {
    super(message);
    this.code = code;
    this.again = again;
    this.status = status;
  }
}

export const noUsage: Usage = {
  prompt_tokens: 0,
  completion_tokens: 0,
  total_tokens: 0,
  prompt_token_details: { cached_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 0 },
};

/** Tokens as an endpoint counts them; what is no such number counts for none. */
export const tokensOf = (count: unknown): number =>
  typeof count === 'number' && count > 0 && Number.isFinite(count) ? Math.round(count) : 0;
