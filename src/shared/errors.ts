import { cutText } from './text.ts';

/** Errors repeat what a client sent, which may be megabytes of text. In characters. */
const maxMessageLength = 10_000;
const maxParamLength = 1000;

interface ApiErrorDetails {
  readonly param?: string | null;
  readonly code?: string | null;
  /** Response headers, by name. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * An error for the client, in the API's envelope (contract §2.1). `status` is null when a tool
 * rejects its arguments without sending a request.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number | null;
  readonly param: string | null;
  readonly code: string | null;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number | null, message: string, details: ApiErrorDetails = {}) {
    super(cutText(message, maxMessageLength));
    this.status = status;
    this.param = cutText(details.param ?? '', maxParamLength) || null;
    this.code = details.code ?? null;
    this.headers = details.headers ?? {};
  }

  /** The response body; all four keys are always present. */
  toJSON() {
    const type = (this.status ?? 400) < 500 ? 'invalid_request_error' : 'server_error';
    return { error: { message: this.message, type, param: this.param, code: this.code } };
  }

  toResponse(): Response {
    return Response.json(this, { status: this.status ?? 400, headers: this.headers });
  }
}

/** Statuses of a server that does not have the requested path. */
export const missingPathStatuses: ReadonlySet<unknown> = new Set([404, 405, 501]);

/** The message of any thrown value. */
export const errorMessage = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** The message without its final full stop, for use within a sentence. */
export function errorReason(error: unknown): string {
  // Node reports several failed addresses as one AggregateError without a message.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : undefined;
  return errorMessage(first instanceof Error ? first : error).replace(/\.$/u, '');
}

/** Why a connection failed: the system's code, such as `ECONNREFUSED`, else the message. */
export function connectionErrorReason(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code: unknown = cause instanceof Error ? Reflect.get(cause, 'code') : undefined;
  return typeof code === 'string' ? code : errorReason(cause);
}

/** The stack of an error, else its message. */
export const errorStack = (error: unknown): string =>
  (error instanceof Error && error.stack) || errorMessage(error);
