import { APIConnectionError, APIError } from 'openai';
import { redact } from '../../shared/redact.ts';
import { ModelFailure, type ModelRequest } from './model.ts';
import { errorMessage } from '../../shared/errors.ts';
import { toContextOverflow } from './context-window.ts';

/** No waiting brings a spent quota back. */
export const quotaExceededCode = 'insufficient_quota';

/** Codes by which upstream says that the prompt or one of its images is at fault. */
const promptCodes =
  /^(invalid_prompt|content_policy_violation|content_filter|context_length_exceeded|string_above_max_length|bio_policy|misalignment_policy_violation|.*image.*)$/;

/** Maps an upstream code to one of the three a run may carry (contract §5.7, §8.7). */
export function errorCode(code: string | null | undefined): ModelFailure['code'] {
  if (code === 'rate_limit_exceeded' || code === quotaExceededCode) return 'rate_limit_exceeded';
  return promptCodes.test(code ?? '') ? 'invalid_prompt' : 'server_error';
}

/** An error within a stream: milliseconds after which the call may succeed, null if it will not. */
export const retryDelayForCode = (code: string | null | undefined): number | null =>
  code === 'rate_limit_exceeded' || code === 'server_error' ? 0 : null;

/** Milliseconds that an answer asks its caller to wait, by its own clock; null: it does not say. */
export function retryAfterMs(headers: Headers): number | null {
  const milliseconds = headers.get('retry-after-ms');
  if (milliseconds !== null && Number(milliseconds) >= 0) return Number(milliseconds);
  const value = headers.get('retry-after');
  if (value === null) return null;
  const wait = Number.isNaN(Number(value))
    ? Date.parse(value) - Date.parse(headers.get('date') ?? '')
    : Number(value) * 1000;
  return wait >= 0 ? wait : null;
}

/** The same for whatever a call threw; connections that fail or break off can succeed again. */
function retryDelay(error: unknown): number | null {
  if (error instanceof ModelFailure) return error.retryAfterMs;
  if (!(error instanceof APIError) || error instanceof APIConnectionError) return 0;
  const { status, code, headers }: APIError = error;
  if (status === undefined || headers === undefined) return retryDelayForCode(code);
  const isPassing = status === 408 || status === 409 || status === 429 || status >= 500;
  if (!isPassing || code === quotaExceededCode) return null;
  return retryAfterMs(headers) ?? (headers.get('x-should-retry') === 'false' ? null : 0);
}

function statusCode({ status, code, param }: APIError): ModelFailure['code'] {
  // An error within a stream has no status, only a code.
  if (status === undefined) return errorCode(code);
  if (status === 429) return 'rate_limit_exceeded';
  if (status !== 400 && status !== 422) return 'server_error';
  const atFault = /^(?:url$|input|messages)/u.test(param ?? '');
  return atFault ? 'invalid_prompt' : errorCode(code);
}

/** The upstream's own sentence: servers send the error as an object, as text, or not as JSON. */
export function upstreamMessage(error: APIError): string {
  const body: unknown = error.error;
  const message: unknown = Reflect.get(Object(body), 'message');
  if (typeof message === 'string' && message !== '') return message;
  if (typeof body === 'string') return body;
  const detail: unknown = Reflect.get(Object(body), 'detail');
  if (detail !== undefined) return typeof detail === 'string' ? detail : JSON.stringify(detail);
  const { cause } = error;
  if (error instanceof APIConnectionError && cause instanceof Error) {
    const { cause: root } = cause;
    return `${error.message.replace(/\.$/, '')}: ${root instanceof Error ? root.message : cause.message}`;
  }
  return error.message;
}

/**
 * Turns whatever a model call threw into the failure of the run: the upstream's sentence, the id
 * under which its support can find the request, and no keys.
 */
export function toModelFailure(
  error: unknown,
  requestId: string | null,
  secrets: readonly string[],
): ModelFailure {
  const isAPIError = error instanceof APIError;
  const said = isAPIError ? upstreamMessage(error) : errorMessage(error);
  const id = (isAPIError ? error.requestID : null) ?? requestId;
  const message = redact(id === null ? said : `${said} (request id ${id})`, secrets);
  const overflow = toContextOverflow(error, message);
  if (overflow !== null) return overflow;
  const again = retryDelay(error);
  if (error instanceof ModelFailure) return new ModelFailure(error.code, message, again);
  if (!isAPIError) return new ModelFailure('server_error', message, again);
  const status: unknown = error.status;
  const known = typeof status === 'number' ? status : null;
  return new ModelFailure(statusCode(error), message, again, known);
}

/** The container of a call is no more, which is soon for one that is idle: a new one can be had. */
export class ContainerExpired extends ModelFailure {}
/** The failure of a call, told apart where the endpoint says that its container is no more. */
export function toContainerExpired(
  { container }: Pick<ModelRequest, 'container'>,
  failure: ModelFailure,
): ModelFailure {
  const { code, message } = failure;
  const isGone =
    container !== null &&
    /container/iu.test(message) &&
    /expired|not found|no longer|does not exist/iu.test(message);
  return isGone ? new ContainerExpired(code, message) : failure;
}
