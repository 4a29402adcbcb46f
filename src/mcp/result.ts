import type { CallToolResult } from '@modelcontextprotocol/server';
import { redact } from '../shared/redact.ts';
import { readFailure } from '../tools/sdk-call.ts';
import type { Image } from '../tools/tool.ts';

/** A server may answer with a whole web page; hosts cut long errors anyway. */
const longestSentence = 2000;

const inText = (text: string) => [{ type: 'text' as const, text }];

/**
 * The API's object, complete, and the same as compact JSON for hosts that show text alone. Some show
 * nothing else where there is structured content, so that an answer with images has none.
 */
export function success(answer: object, images: readonly Image[]): CallToolResult {
  const text = inText(JSON.stringify(answer));
  if (images.length === 0) return { content: text, structuredContent: { ...answer } };
  const shown = images.map(({ data, mimeType }) => ({ type: 'image' as const, data, mimeType }));
  return { content: [...text, ...shown] };
}

interface FailureOptions {
  /** What to do next; null when that is not known. */
  readonly advice: string | null;
  /** Values that must not leave the program. */
  readonly secrets: readonly string[];
}

/**
 * All that is known of a failed call in one text block, since hosts show nothing else of an error:
 * HTTP status, the API's sentence, param, code, request id, and what to do next.
 */
export function failure(error: unknown, { advice, secrets }: FailureOptions): CallToolResult {
  const { status, message: sentence, param, code, requestId } = readFailure(error);
  const facts = Object.entries({ param, code, 'request id': requestId })
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}: ${value}`);
  const lines = [
    `${status === null ? '' : `HTTP ${status}: `}${sentence.slice(0, longestSentence)}`,
    ...(facts.length === 0 ? [] : [`(${facts.join(', ')})`]),
    ...(advice === null ? [] : [advice]),
  ];
  return { isError: true, content: inText(redact(lines.join('\n'), secrets)) };
}
