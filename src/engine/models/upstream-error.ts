import { fieldOf, isJsonObject } from '../../shared/json.ts';
import { APIConnectionError, APIError } from 'openai';
import { maxForeignTextLength, redactedExcerpt } from '../../shared/redact.ts';
import { ModelFailure, type ModelRequest } from './model.ts';
import { errorMessage } from '../../shared/errors.ts';
import { toContextOverflow } from './context-window.ts';
import { isLastingError, isPassingError, upstreamMessage } from './error-sentence.ts';

/** Codes and types that are not retryable, unlike other 429 responses. */
export const quotaExceeded = /insufficient_quota|exceeded_current_quota|billing_hard_limit/u;

/** Upstream codes for a rejected prompt or image. */
const invalidPromptCodes: ReadonlySet<string> = new Set([
  'invalid_prompt',
  'content_policy_violation',
  'content_filter',
  'context_length_exceeded',
  'string_above_max_length',
  'bio_policy',
  'misalignment_policy_violation',
]);

/** Servers may send anything as the code or parameter of an error. */
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Maps an upstream code to one of the three codes of `last_error` (contract §5.7, §8.7). */
export function errorCode(code: unknown): ModelFailure['code'] {
  const isLimit = code === 'rate_limit_exceeded' || quotaExceeded.test(textOf(code));
  if (isLimit) return 'rate_limit_exceeded';
  const isAboutPrompt = invalidPromptCodes.has(textOf(code)) || textOf(code).includes('image');
  return isAboutPrompt ? 'invalid_prompt' : 'server_error';
}

/** Names of errors that pass → the status that a response would have. */
const passingNames: readonly (readonly [RegExp, number])[] = [
  [/rate_?limit|too_many_requests|throttl|exhausted/iu, 429],
  [/overloaded|unavailable|internal|server_?error|upstream|(?<!store_)time_?out|api_error/iu, 503],
];

const statusNumber = (value: unknown): number =>
  typeof value === 'number' || typeof value === 'string' ? Number(value) : 0;

/** The HTTP status that an error within a stream stands for, as a number or by its name. */
export function statusOf(error: unknown): number | undefined {
  const valuesOf = (...names: string[]) => names.map((name) => fieldOf(error, name));
  const number = valuesOf('code', 'status', 'status_code', 'http_code')
    .map(statusNumber)
    .find((status) => status >= 400 && status < 600);
  if (number !== undefined) return number;
  const name = valuesOf('code', 'type', 'status').map(textOf).find(Boolean) ?? '';
  return passingNames.find(([pattern]) => pattern.test(name))?.[1];
}

const isTransient = (status: number): boolean =>
  [408, 409, 424, 425, 429, 498].includes(status) || status >= 500;

/** Milliseconds that a response asks the client to wait; null: it does not say. Dates are relative to `date`. */
export function retryAfterMs(headers: Headers): number | null {
  const milliseconds = headers.get('retry-after-ms');
  if (milliseconds !== null && Number(milliseconds) >= 0) return Number(milliseconds);
  // Some servers write the unit as well.
  const value = headers.get('retry-after')?.replace(/^([\d.]+) ?s(?:ec(?:ond)?s?)?$/u, '$1');
  if (value === undefined) return null;
  const delayMs = Number.isNaN(Number(value))
    ? Date.parse(value) - Date.parse(headers.get('date') ?? '')
    : Number(value) * 1000;
  return delayMs >= 0 ? delayMs : null;
}

/** For an error within a stream: milliseconds to wait before a retry; null: not retryable. */
export function retryDelayWithin(error: unknown, sentence: string): number | null {
  const status = statusOf(error);
  const mayPass = status === undefined ? isPassingError(sentence) : isTransient(status);
  return mayPass ? 0 : null;
}

/** Whether the body of a bad request says that it is a rate limit, as some gateways do. */
const isMisreportedLimit = ({ status, error }: APIError): boolean =>
  status === 400 && statusOf(error) === 429;

/** For any error of a call: milliseconds to wait before a retry; null: not retryable. */
function retryDelay(error: unknown): number | null {
  if (error instanceof ModelFailure) return error.retryAfterMs;
  if (!(error instanceof APIError) || error instanceof APIConnectionError) return 0;
  const { status, code, type, headers }: APIError = error;
  if (status === undefined || headers === undefined)
    return retryDelayWithin(error, upstreamMessage(error));
  const isQuota = quotaExceeded.test(`${textOf(code)} ${textOf(type)}`);
  if (isQuota || !(isTransient(status) || isMisreportedLimit(error))) return null;
  return retryAfterMs(headers) ?? (headers.get('x-should-retry') === 'false' ? null : 0);
}

function errorCodeOf(error: APIError): ModelFailure['code'] {
  const { status, code, param } = error;
  // An error within a stream has no status, only a code.
  if (status === undefined) return errorCode(code);
  if (status === 429 || isMisreportedLimit(error)) return 'rate_limit_exceeded';
  if (status !== 400 && status !== 422) return 'server_error';
  const isPromptParam = /^(?:url$|input|messages)/u.test(textOf(param));
  return isPromptParam ? 'invalid_prompt' : errorCode(code);
}

/** In characters, of the message that a run shows. */
const maxMessageLength = 2000;

const maxRequestIdLength = 200;

/** The error in a list of one, which is how Gemini sends it; null: there is none. */
export function errorInList(value: unknown): object | null {
  const first: unknown = Array.isArray(value) ? value[0] : null;
  return isJsonObject(first) && first['error'] ? first : null;
}

/** An error within a stream; some servers use HTTP statuses as its code. */
export function toStreamError(error: unknown, headers: Headers): APIError {
  const body = typeof error === 'string' ? { message: error } : Object(error);
  return new APIError(statusOf(error), body, undefined, headers);
}

/** Whether the status, if there is one, says that the request is not at fault. */
const isServerError = (error: unknown): boolean =>
  error instanceof APIError
    ? !(error instanceof APIConnectionError) && (error.status ?? 500) >= 500
    : error instanceof ModelFailure && error.code === 'server_error';

/** What went wrong, in the endpoint's words if it has any. */
function sentenceOf(error: unknown): string {
  if (error instanceof APIError) return upstreamMessage(error);
  if (error instanceof ModelFailure) return error.message;
  return `The connection to the model endpoint broke: ${errorMessage(error)}`;
}

/**
 * Turns any error of a model call into a {@link ModelFailure} with the upstream's message and request
 * id; `secrets` are redacted.
 */
export function toModelFailure(
  error: unknown,
  requestId: string | null,
  secrets: readonly string[],
): ModelFailure {
  const isAPIError = error instanceof APIError;
  const sentence = sentenceOf(error);
  const id = (isAPIError ? error.requestID : null) ?? requestId;
  const suffix =
    id === null ? '' : ` (request id ${redactedExcerpt(id, maxRequestIdLength, secrets)})`;
  const message = redactedExcerpt(sentence, maxMessageLength - suffix.length, secrets) + suffix;
  const overflow = toContextOverflow(error, sentence.slice(0, maxForeignTextLength), message);
  if (overflow !== null) return overflow;
  const isUnreadable = isAPIError && unreadableCall.test(`${textOf(error.code)} ${sentence}`);
  if (isUnreadable || error instanceof UnusableAnswer) return new UnusableAnswer(message);
  const delayMs = isLastingError(sentence) && isServerError(error) ? null : retryDelay(error);
  if (error instanceof ModelFailure)
    return new ModelFailure(error.code, message, delayMs, error.status);
  if (!isAPIError) return new ModelFailure('server_error', message, delayMs);
  const status: unknown = error.status;
  const knownStatus = typeof status === 'number' ? status : null;
  return new ModelFailure(errorCodeOf(error), message, delayMs, knownStatus);
}

/** In a row; each of these calls is paid for. */
export const maxUnusableAnswers = 3;

/** A complete answer that nobody can use, such as a call that is not JSON. Another call may do better. */
export class UnusableAnswer extends ModelFailure {
  constructor(message: string) {
    super('server_error', message, 0);
  }
}

/** What servers say that could not read the call that the model wrote. */
export const unreadableCall =
  /tool_use_failed|failed to call a function|error parsing tool call|failed to parse (?:tool|function)[ _]calls?|failed to parse input at pos/iu;

/** Reasons with which servers end an answer in which the model wrote no valid call. */
const malformedCallReason = /malformed.{0,20}(?:function|tool)|unexpected_?tool_?call/iu;

/** The failure for an answer that ended with this reason; null for other reasons. */
export const malformedCallFailure = (reason: string | null | undefined): UnusableAnswer | null =>
  malformedCallReason.test(reason ?? '')
    ? new UnusableAnswer(`The model wrote a function call that is not valid (${reason}).`)
    : null;

/** The container of a call has expired, as idle ones soon do; retry with a new one. */
export class ContainerExpired extends ModelFailure {}

/** Returns a {@link ContainerExpired} if that is what the failure says, else the failure itself. */
export function toContainerExpired(
  { container }: Pick<ModelRequest, 'container'>,
  failure: ModelFailure,
): ModelFailure {
  const { code, message } = failure;
  const isExpired =
    container !== null &&
    /container/iu.test(message) &&
    /expired|not found|no longer|does not exist/iu.test(message);
  return isExpired ? new ContainerExpired(code, message) : failure;
}
