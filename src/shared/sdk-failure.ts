import { errorMessage } from './errors.ts';
import { fieldOf } from './json.ts';

/** What any failed call has in common, whoever threw the error. */
export interface Failure {
  /** HTTP status; null when no response came. */
  readonly status: number | null;
  /** The server's message, without the status that the SDK puts before it. */
  readonly message: string;
  readonly param: string | null;
  readonly code: string | null;
  readonly requestId: string | null;
  /** True when the server could not be reached. */
  readonly unreachable: boolean;
}

const stringOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null);

/** The innermost cause says why a connection failed: `ECONNREFUSED`, a certificate, a DNS name. */
function rootCauseMessage(error: Error): string {
  let cause: unknown = error;
  while (cause instanceof Error && cause.cause !== undefined) cause = cause.cause;
  return stringOrNull(fieldOf(cause, 'message')) || error.message;
}

/**
 * Reads a thrown value as a failure. Recognises the SDK's errors by their fields: importing their
 * classes would load the SDK.
 */
export function readFailure(error: unknown): Failure {
  const statusField = fieldOf(error, 'status');
  const status = typeof statusField === 'number' ? statusField : null;
  const unreachable = status === null && error instanceof Error && 'requestID' in error;
  const message = unreachable ? rootCauseMessage(error) : errorMessage(error);
  return {
    status,
    message: message.startsWith(`${status} `) ? message.slice(`${status} `.length) : message,
    param: stringOrNull(fieldOf(error, 'param')),
    code: stringOrNull(fieldOf(error, 'code')),
    requestId: stringOrNull(fieldOf(error, 'requestID')),
    unreachable,
  };
}
