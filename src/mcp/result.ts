import type { CallToolResult } from '@modelcontextprotocol/server';
import { redact } from '../shared/redact.ts';
import { readFailure } from '../tools/sdk-call.ts';
import type { Image } from '../tools/tool.ts';

/** In characters: a server may answer with a web page, and hosts truncate long errors anyway. */
const maxMessageLength = 2000;

const textContent = (text: string) => [{ type: 'text' as const, text }];

/**
 * The result of a successful call: the API's object as structured content and as JSON text. Results
 * with images have no structured content, because some hosts then show nothing else.
 */
export function success(object: object, images: readonly Image[]): CallToolResult {
  const text = textContent(JSON.stringify(object));
  if (images.length === 0) return { content: text, structuredContent: { ...object } };
  const blocks = images.map(({ data, mimeType }) => ({ type: 'image' as const, data, mimeType }));
  return { content: [...text, ...blocks] };
}

interface FailureOptions {
  /** What to do next; null: no advice. */
  readonly advice: string | null;
  /** Values to redact, such as the API key. */
  readonly secrets: readonly string[];
}

/**
 * The result of a failed call: HTTP status, the API's message, param, code, request id and advice,
 * all in one text block, because hosts show nothing else of an error.
 */
export function failure(error: unknown, { advice, secrets }: FailureOptions): CallToolResult {
  const { status, message, param, code, requestId } = readFailure(error);
  const details = Object.entries({ param, code, 'request id': requestId })
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}: ${value}`);
  const lines = [
    `${status === null ? '' : `HTTP ${status}: `}${message.slice(0, maxMessageLength)}`,
    ...(details.length === 0 ? [] : [`(${details.join(', ')})`]),
    ...(advice === null ? [] : [advice]),
  ];
  return { isError: true, content: textContent(redact(lines.join('\n'), secrets)) };
}
