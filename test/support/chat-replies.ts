import { upstreamId } from './upstream-items.ts';
import type { Gate } from './upstream.ts';

/** A model's reply, independent of the API: first a text or a refusal, then calls. */
export interface Reply {
  readonly text?: string;
  readonly refusal?: string;
  readonly calls?: readonly { readonly id: string; readonly name: string; readonly args: string }[];
  readonly reasoning?: string;
  /** Token counts; null: the endpoint reports none. */
  readonly usage?:
    | readonly [input: number, output: number, cached?: number, reasoning?: number]
    | null;
  /** Why the reply is incomplete. */
  readonly truncated?: 'length' | 'content_filter';
  /** An HTTP error instead of a stream. */
  readonly http?: {
    readonly status: number;
    readonly error: object | string;
    readonly headers?: Readonly<Record<string, string>>;
  };
  /** An error event instead of the end of the stream. */
  readonly failed?: { readonly code: string; readonly message: string };
  /** The error of the connection, which fails before any response. */
  readonly unreachable?: string;
  /** The stream fails (`error`) or stops (`end`), before the first event or after the text. */
  readonly broken?: { readonly how: 'error' | 'end'; readonly before: 'all' | 'end' };
  /** The stream waits here after the text. */
  readonly gate?: Gate;
}

export const toolCall = (name: string, args: object, id = upstreamId('call')) => ({
  id,
  name,
  args: JSON.stringify(args),
});
