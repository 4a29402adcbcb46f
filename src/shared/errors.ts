interface ApiErrorDetails {
  readonly param?: string | null;
  readonly code?: string | null;
  /** Response headers, by name. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * An error of ours whose message is for the caller, in the API's envelope (contract §2.1). `status`
 * is null where a tool refuses a call before any server was asked.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number | null;
  readonly param: string | null;
  readonly code: string | null;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number | null, message: string, details: ApiErrorDetails = {}) {
    super(message);
    this.status = status;
    this.param = details.param ?? null;
    this.code = details.code ?? null;
    this.headers = details.headers ?? {};
  }

  /** The response's body: all four keys, always. */
  toJSON() {
    const type = (this.status ?? 400) < 500 ? 'invalid_request_error' : 'server_error';
    return { error: { message: this.message, type, param: this.param, code: this.code } };
  }

  toResponse(): Response {
    return Response.json(this, { status: this.status ?? 400, headers: this.headers });
  }
}

/** The message of anything that was thrown. */
export const errorMessage = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** The message without a full stop at its end, to stand within a sentence. */
export function errorReason(error: unknown): string {
  // Node reports several failed addresses in one error without a message.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : undefined;
  return errorMessage(first instanceof Error ? first : error).replace(/\.$/u, '');
}

/** Why a connection failed: the system's code, such as `ECONNREFUSED`, else the message. */
export function connectionErrorReason(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code: unknown = cause instanceof Error ? Reflect.get(cause, 'code') : undefined;
  return typeof code === 'string' ? code : errorReason(cause);
}

/** What a log says of an unexpected error: its stack, else its message. */
export const errorStack = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);
