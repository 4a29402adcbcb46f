interface Facts {
  /** HTTP status of the server's answer; null when no server was asked. */
  readonly status: number | null;
  readonly param?: string | null;
  readonly code?: string | null;
}

/**
 * A call that cannot be answered, in words meant for the agent. It has the shape of the SDK's
 * `APIError`, so that both are told in the same way.
 */
export class ToolError extends Error {
  readonly status: number | null;
  readonly param: string | null;
  readonly code: string | null;

  constructor(message: string, { status, param = null, code = null }: Facts) {
    super(message);
    this.name = 'ToolError';
    this.status = status;
    this.param = param;
    this.code = code;
  }
}

/** What any failure of a call has in common, whoever raised it. */
export interface Failure {
  readonly status: number | null;
  /** The server's sentence, without the status that the SDK puts before it. */
  readonly message: string;
  readonly param: string | null;
  readonly code: string | null;
  readonly requestId: string | null;
  /** True when the server could not be asked at all. */
  readonly unreachable: boolean;
}

const textOr = (value: unknown): string | null => (typeof value === 'string' ? value : null);

const field = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;

/** Why a connection failed is on the innermost cause: `ECONNREFUSED`, a certificate, a DNS name. */
function rootCause(error: Error): string {
  let inner: unknown = error;
  while (inner instanceof Error && inner.cause !== undefined) inner = inner.cause;
  const text = textOr(field(inner, 'message')) ?? '';
  return inner === error || text === '' ? error.message : text;
}

/**
 * Reads a thrown value as a failure. The SDK's errors are known by their shape alone: importing
 * their classes would load the SDK.
 */
export function readFailure(error: unknown): Failure {
  const status = field(error, 'status');
  const message = error instanceof Error ? error.message : String(error);
  const known = typeof status === 'number' ? status : null;
  const unreachable = known === null && error instanceof Error && 'requestID' in error;
  const sentence = unreachable ? rootCause(error) : message;
  return {
    status: known,
    message: known === null ? sentence : sentence.replace(new RegExp(`^${known} `, 'u'), ''),
    param: textOr(field(error, 'param')),
    code: textOr(field(error, 'code')),
    requestId: textOr(field(error, 'requestID')),
    unreachable,
  };
}
