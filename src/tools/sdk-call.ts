import { ApiError, errorMessage } from '../shared/errors.ts';
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
  const message = errorMessage(error);
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

/** What an SDK call gives back at once: an `APIPromise` whose answer may be read as it came. */
export interface ApiCall<Body> extends PromiseLike<Body> {
  asResponse(): Promise<Response>;
}

/** An answer of the server: its body, complete, and its headers. */
export interface Answer<Body> {
  readonly body: Body;
  readonly headers: Headers;
}

/**
 * Waits for an SDK call and reads its body itself, because the SDK's page objects keep only `data`
 * and `has_more`. Rejects with the SDK's error, or with an ApiError when the body is no JSON object.
 */
export async function readJson<Body extends object>(pending: ApiCall<Body>): Promise<Answer<Body>> {
  const response = await pending.asResponse();
  const text = await response.text();
  const { headers, status } = response;
  try {
    const body: Body = JSON.parse(text);
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return { body, headers };
  } catch {
    // Said below, as for any other body that is none.
  }
  throw new ApiError(status, 'The server answered with something that is not a JSON object.');
}
