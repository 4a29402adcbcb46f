import { upstreamId } from './upstream-items.ts';
import type { Gate } from './upstream.ts';

/** What a model answers, in terms of no API: first a text or a refusal, then calls. */
export interface Reply {
  readonly text?: string;
  readonly refusal?: string;
  readonly calls?: readonly { readonly id: string; readonly name: string; readonly args: string }[];
  /** What it thought before it answered. */
  readonly thought?: string;
  /** Prompt, completion, cached and reasoning tokens; null: nobody counted. */
  readonly usage?:
    | readonly [input: number, output: number, cached?: number, thought?: number]
    | null;
  /** Why it was stopped in the middle. */
  readonly cut?: 'length' | 'content_filter';
  /** An HTTP error instead. */
  readonly http?: {
    readonly status: number;
    readonly error: object | string;
    readonly headers?: Readonly<Record<string, string>>;
  };
  /** An error in the place of the answer's end. */
  readonly failed?: { readonly code: string; readonly message: string };
  /** The connection fails before any answer. */
  readonly unreachable?: string;
  /** The stream breaks off (`error`) or just stops (`end`) before anything or behind the text. */
  readonly broken?: { readonly how: 'error' | 'end'; readonly before: 'all' | 'end' };
  /** The stream waits behind the text. */
  readonly gate?: Gate;
}

/** A function call. */
export const toolCall = (name: string, args: object, id = upstreamId('call')) => ({
  id,
  name,
  args: JSON.stringify(args),
});
