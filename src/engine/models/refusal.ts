import { APIConnectionError, APIError } from 'openai';
import { firstCharacters } from '../../shared/text.ts';
import { isLastingError } from './error-sentence.ts';
import { ModelFailure } from './model.ts';

/** An endpoint's refusal of a request, for which another request may be accepted. */
export interface Refusal {
  /** The parameter that the endpoint names; empty: none that says which setting is meant. */
  readonly param: string;
  /** All texts of the error, so that a relay may nest the cause at any depth. */
  readonly text: string;
  /** Whether the text says that something is not supported, rather than wrong. */
  readonly isUnsupported: boolean;
}

const maxTextLength = 4000;
const maxDepth = 6;

/** Values that the endpoint repeats from the request or the answer. */
const echoedKeys: ReadonlySet<string> = new Set(['input', 'ctx', 'url', 'failed_generation']);

const isPath = (value: readonly unknown[]): boolean =>
  value.every((part) => typeof part === 'string' || typeof part === 'number');

function textsOf(value: unknown, depth = 0): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null || depth > maxDepth) return [];
  if (Array.isArray(value) && isPath(value)) return [value.join('.')];
  return Object.entries(value).flatMap(([key, part]) =>
    echoedKeys.has(key) ? [] : textsOf(part, depth + 1),
  );
}

const unsupported =
  /unsupported|(?:not|n't) support|endpoints found that support|unrecogni[sz]ed|unknown|unexpected|not permitted|not allowed|forbidden|deprecated|unavailable|not available|not (?:yet )?implemented|not enabled|not be enabled|cannot (?:both )?be|can't be|incompatible|mutually exclusive|cannot find field|no such (?:field|parameter)|invalid (?:parameter|argument|field|reasoning value|tool_choice type)|only the default|(?:only|just) .{1,40} (?:is|are) (?:allowed|supported|accepted|permitted|available)|(?:may|can|must) only be|only supports?\b|(?:must be|not|expected) one of|must be either|input should be ['"]|supported values are|不支持|[仅只]支持|未知|无效的?参数/iu;

/** A sentence about a value of the caller's own, which is wrong at every endpoint. */
const ownMistake =
  /invalid[ _](?:json[ _])?schema|not found in|does not exist|not in (?:the )?tools/iu;

/** Errors that no change of the request's settings can help. */
const otherStatuses: ReadonlySet<unknown> = new Set([401, 402, 403, 408, 409, 413, 429]);

const settingNames =
  /temperature|top_p|parallel|reasoning|stream_options|max_\w{0,20}tokens|store|include|text|response_format|tool_choice|strict/u;

/** What an error of a model call refuses; null if it is about something else than the request. */
export function toRefusal(error: unknown): Refusal | null {
  if (error instanceof APIConnectionError) return null;
  // Some servers send the refusal as the first event of a stream, which has no status.
  const isFailure = error instanceof APIError || error instanceof ModelFailure;
  if (!isFailure || otherStatuses.has(error.status)) return null;
  const [body, param]: [unknown, unknown] =
    error instanceof APIError ? [error.error, error.param] : [error.message, null];
  const texts = textsOf(body);
  const text = firstCharacters(texts.length === 0 ? error.message : texts.join(' '), maxTextLength);
  const isUnsupported = unsupported.test(text);
  const isBadRequest = error.status === 400 || error.status === 422;
  // Any other error may be about anything, unless it says so.
  const isAboutRequest =
    isBadRequest || isUnsupported || (error instanceof APIError && isLastingError(text));
  if (ownMistake.test(text) || !isAboutRequest) return null;
  const isSetting = typeof param === 'string' && settingNames.test(param);
  return { param: isSetting ? param : '', text, isUnsupported };
}

/** Whether the refusal is about what `pattern` names: in its `param` if that is a setting, else in its text. */
export const isAbout = ({ param, text }: Refusal, pattern: RegExp): boolean =>
  pattern.test(param === '' ? text : `'${param}'`);
