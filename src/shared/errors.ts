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
  return code === undefined ? errorReason(cause) : String(code);
}

/** What a log says of an unexpected error: its stack, else its message. */
export const errorStack = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);
