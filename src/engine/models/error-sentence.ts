import { type APIError, APIConnectionError } from 'openai';
import { sentenceIn } from '../../shared/error-sentence.ts';
import { maxForeignTextLength } from '../../shared/redact.ts';

/** The endpoint's own sentence about an error: the innermost cause, where relays nest it. */
export function upstreamMessage(error: APIError): string {
  const body: unknown = error.error;
  const sentence = sentenceIn(body);
  if (sentence !== null) return sentence;
  const { cause } = error;
  if (error instanceof APIConnectionError && cause instanceof Error) {
    const { cause: root } = cause;
    return `${error.message.replace(/\.$/u, '')}: ${root instanceof Error ? root.message : cause.message}`;
  }
  if (body !== null && typeof body === 'object' && Object.keys(body).length > 0)
    return error.message;
  // The SDK puts the status before a body that is not JSON.
  const [, status = '', text = ''] = /^(\d{3}) ([^]*)$/u.exec(error.message) ?? [];
  return text === '' ? error.message : `${status} ${sentenceIn(text) ?? text}`;
}

/** What every repetition of the same request meets. */
const lastingCauses: readonly RegExp[] = [
  /jinja|template.{0,40}(?:error|exception)|(?:error|exception|failed).{0,60}\btemplate\b|raise_exception/iu,
  /roles must alternate|roles are supported|first message must|start with a user|role .{0,40}not supported/iu,
  /image.{0,60}not support|not support.{0,60}(?:image|vision|multimodal)|not a multimodal|mmproj/iu,
  /failed to parse (?:messages|tool|input|grammar|json)|unsupported content part|cannot determine type/iu,
  /(?:expected|must be|should be) .{0,60}(?:a string|an array|an object|a list|a dict)/iu,
  /can only concatenate|has no attribute|is not subscriptable|not json serializable/iu,
  /tools? param requires|does not support tools|unsupported param/iu,
  /invalid_request_error|BadRequestError|UnsupportedParamsError|ValidationException|INVALID_ARGUMENT/u,
  /validation error|too (?:long|large) for/iu,
];

/** A relay may name both; what passes decides. */
const passingCauses =
  /rate.?limit|overloaded|too many requests|timed? ?out|temporarily|(?:is|service|currently) unavailable|try again|loading|ECONN|connection (?:error|reset|refused)/iu;

/** Whether a text says that the error will pass. */
export const isPassingError = (text: string): boolean =>
  passingCauses.test(text.slice(0, maxForeignTextLength));

/** Whether the same input will always meet this error, whatever its status says. */
export const isLastingError = (text: string): boolean => {
  const excerpt = text.slice(0, maxForeignTextLength);
  return !isPassingError(excerpt) && lastingCauses.some((cause) => cause.test(excerpt));
};
