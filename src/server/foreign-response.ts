import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import {
  brotliDecompressSync,
  gunzipSync,
  inflateSync,
  type ZlibOptions,
  zstdDecompressSync,
} from 'node:zlib';
import { isSecret } from '../shared/redact.ts';

/** Larger error bodies are passed on unread. */
export const maxErrorBytes = 64 * 2 ** 10;

const decoders: Readonly<Record<string, (bytes: Buffer, options: ZlibOptions) => Buffer>> = {
  identity: (bytes) => bytes,
  gzip: gunzipSync,
  'x-gzip': gunzipSync,
  deflate: inflateSync,
  br: (bytes, { maxOutputLength = maxErrorBytes }) =>
    brotliDecompressSync(bytes, { maxOutputLength }),
  zstd: (bytes, { maxOutputLength = maxErrorBytes }) =>
    zstdDecompressSync(bytes, { maxOutputLength }),
};

/** The decoded bytes; null if they cannot be decoded or are too large. */
function decode(bytes: Buffer, encoding: string): Buffer | null {
  try {
    return decoders[encoding.toLowerCase()]?.(bytes, { maxOutputLength: maxErrorBytes }) ?? null;
  } catch {
    return null;
  }
}

/** The key if it has to be redacted, else null. */
export const toSecret = (apiKey: string | null): string | null =>
  apiKey !== null && isSecret(apiKey) ? apiKey : null;

/** Latin1 keeps every byte as it is. */
const latin1 = (text: string): string => Buffer.from(text).toString('latin1');

/** Replaces the secret, byte by byte. */
export const withoutSecret = (text: string, secret: string): string =>
  text.replaceAll(latin1(secret), '[redacted]');

async function* resume(head: readonly Buffer[], rest: IncomingMessage): AsyncGenerator {
  yield* head;
  yield* rest;
}

interface ErrorBody {
  readonly body: ReadableStream | Buffer<ArrayBuffer>;
  /** Whether the secret was in it; it is then no longer encoded. */
  readonly isRedacted: boolean;
}

/** The body of an error without the secret; unchanged if it is not in there or above 64 KiB. */
export async function redactErrorBody(
  message: IncomingMessage,
  secret: string,
): Promise<ErrorBody> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message.iterator({ destroyOnReturn: false })) {
    if (!Buffer.isBuffer(chunk)) continue;
    chunks.push(chunk);
    size += chunk.length;
    if (size <= maxErrorBytes) continue;
    return { body: Readable.toWeb(Readable.from(resume(chunks, message))), isRedacted: false };
  }
  const body = Buffer.concat(chunks);
  const decoded = decode(body, message.headers['content-encoding'] ?? 'identity');
  if (decoded?.includes(secret) !== true) return { body, isRedacted: false };
  const redacted = withoutSecret(decoded.toString('latin1'), secret);
  return { body: Buffer.from(redacted, 'latin1'), isRedacted: true };
}

interface ErrorText {
  /** The body as it came; null if it is above 64 KiB, of which the rest is not read. */
  readonly bytes: Buffer<ArrayBuffer> | null;
  /** Its decoded text, as far as it could be decoded. */
  readonly text: string;
}

/** Reads the body of an error. */
export async function readErrorText({ body, headers }: Response): Promise<ErrorText> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > maxErrorBytes) break;
  }
  const bytes = Buffer.concat(chunks);
  const text = decode(bytes, headers.get('content-encoding') ?? 'identity')?.toString() ?? '';
  return { bytes: size > maxErrorBytes ? null : bytes, text };
}

/** Media types that a browser shows without running anything in them. */
const inertType =
  /^(?:application\/(?:(?:[\w.-]+\+)?json|jsonl|x-ndjson|octet-stream)|text\/(?:plain|csv|markdown|event-stream)|image\/(?:png|jpeg|gif|webp)|(?:audio|video)\/[\w.-]+)\s*(?:;[^,]*)?$/iu;

/** `inline; filename="a.svg"` becomes `attachment; filename="a.svg"`. */
const toAttachment = (disposition: string | null): string =>
  `attachment${/^[^;]*(;.*)$/u.exec(disposition ?? '')?.[1] ?? ''}`;

/**
 * Adds the headers that keep foreign content from running on this server's origin when a browser
 * opens it; the body stays as it is.
 */
export function makeInert(response: Response): Response {
  const { body, headers } = response;
  headers.set('x-content-type-options', 'nosniff');
  headers.set('content-security-policy', "sandbox; default-src 'none'");
  const type = headers.get('content-type');
  if (body !== null && !inertType.test(type ?? '')) {
    headers.set('content-disposition', toAttachment(headers.get('content-disposition')));
  }
  return response;
}
