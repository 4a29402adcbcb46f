import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { serverErrors } from './errors.ts';

const versions: ReadonlySet<string> = new Set(['1.0', '1.1']);

const isChunked = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined;

/**
 * Throws a 400 for a request whose end another server could see elsewhere than Node does. Node
 * itself refuses two lengths, a length beside chunks, folded headers and bare line ends.
 */
export function checkFraming(incoming: IncomingMessage): void {
  const { httpVersion, headersDistinct } = incoming;
  if (!versions.has(httpVersion)) throw serverErrors.malformedRequest(400);
  const encodings = headersDistinct['transfer-encoding'] ?? [];
  if (encodings.length === 0) return;
  const isPlain = encodings.length === 1 && encodings[0]?.toLowerCase() === 'chunked';
  if (!isPlain || httpVersion === '1.0') throw serverErrors.badTransferEncoding();
}

/** Whether the request has a body. */
export const hasBody = (incoming: IncomingMessage): boolean =>
  isChunked(incoming) || Number(incoming.headers['content-length'] ?? 0) > 0;

const methodsWithBody: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

/**
 * The headers that say where the forwarded body ends, written anew from what Node read. Throws a 400
 * for a body on a method that has none: servers that ignore it read it as the next request.
 */
export function upstreamFraming(method: string, incoming: IncomingMessage): OutgoingHttpHeaders {
  if (!hasBody(incoming)) return {};
  if (!methodsWithBody.has(method)) throw serverErrors.bodyNotAllowed(method);
  if (isChunked(incoming)) return { 'transfer-encoding': 'chunked' };
  return { 'content-length': Number(incoming.headers['content-length']) };
}

/**
 * Whether the upstream connection may serve another request afterwards. Chunks are what servers
 * most often read differently, so they get a connection of their own.
 */
export const mayShareConnection = (incoming: IncomingMessage): boolean => !isChunked(incoming);
