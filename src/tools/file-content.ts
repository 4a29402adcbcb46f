import { ApiError } from '../shared/errors.ts';
import type { Image } from './tool.ts';

/** Bytes of text that one answer holds: hosts cut answers that are much longer. */
const pageSize = 32_000;

/** Bytes up to which an image is shown. */
export const largestImage = 3 * 2 ** 20;

const signatures: readonly (readonly [mimeType: string, start: RegExp])[] = [
  ['image/png', /^\x89PNG\r\n/u],
  ['image/jpeg', /^\xff\xd8\xff/u],
  ['image/gif', /^GIF8[79]a/u],
  ['image/webp', /^RIFF[^]{4}WEBP/u],
];

/** What is in a file, as far as it can be shown. */
export type FilePreview =
  | {
      readonly kind: 'text';
      readonly text: string;
      /** Where the text begins, in bytes, which is at the start of a character. */
      readonly offset: number;
      /** Where the rest begins; null when there is none. */
      readonly rest: number | null;
    }
  | ({ readonly kind: 'image' } & Image)
  | { readonly kind: 'large image' | 'other' };

interface Source {
  /** The next bytes, fewer than asked for only at the end. */
  take(count: number): Promise<Buffer>;
  /** Leaves the rest where it is. */
  close(): void;
}

function openSource(body: ReadableStream<Uint8Array>): Source {
  const reader = body.getReader();
  let left = Buffer.alloc(0);
  return {
    async take(count) {
      const chunks = [left];
      let size = left.length;
      while (size < count) {
        const { value } = await reader.read();
        if (value === undefined) break;
        chunks.push(Buffer.from(value));
        size += value.length;
      }
      const all = Buffer.concat(chunks);
      left = all.subarray(count);
      return all.subarray(0, count);
    },
    close: () => void reader.cancel().catch(() => {}),
  };
}

async function skip(source: Source, count: number): Promise<void> {
  for (let left = count; left > 0;) {
    const { length } = await source.take(Math.min(left, pageSize));
    if (length === 0) return;
    left -= length;
  }
}

const isContinuation = (byte: number | undefined): boolean =>
  byte !== undefined && byte >= 0x80 && byte < 0xc0;

/** How many bytes at the end belong to a character that is not all there. */
function incompleteTail(bytes: Buffer): number {
  const tail = Math.min(3, bytes.length);
  for (let count = 1; count <= tail; count += 1) {
    const byte = bytes.at(-count) ?? 0;
    if (isContinuation(byte)) continue;
    const needed = byte < 0xc0 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    return needed > count ? count : 0;
  }
  return 0;
}

/** Text in UTF-8; null for anything else. */
function decode(bytes: Buffer): string | null {
  if (bytes.includes(0)) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

function readText(bytes: Buffer, offset: number): FilePreview {
  const isMore = bytes.length > pageSize;
  const end = Math.min(bytes.length, pageSize);
  // An offset may be a guess: what is left of the character before it is passed over.
  const start =
    offset === 0
      ? 0
      : Math.max(
          0,
          bytes.findIndex((byte) => !isContinuation(byte)),
        );
  const stop = isMore ? end - incompleteTail(bytes.subarray(0, end)) : end;
  const text = decode(bytes.subarray(start, stop));
  if (text === null) return { kind: 'other' };
  return { kind: 'text', text, offset: offset + start, rest: isMore ? offset + stop : null };
}

async function read(source: Source, offset: number): Promise<FilePreview> {
  await skip(source, offset);
  const head = await source.take(pageSize + 1);
  const start = head.toString('latin1', 0, 16);
  const [mimeType] = signatures.find(([, sign]) => offset === 0 && sign.test(start)) ?? [];
  if (mimeType === undefined) return readText(head, offset);
  const image = Buffer.concat([head, await source.take(largestImage + 1 - head.length)]);
  if (image.length > largestImage) return { kind: 'large image' };
  return { kind: 'image', mimeType, data: image.toString('base64') };
}

/**
 * Reads a file from a byte on, as far as one answer can show it and no further: the rest is not
 * even fetched. Rejects when the connection breaks.
 */
export async function readPreview(
  body: ReadableStream<Uint8Array>,
  offset: number,
): Promise<FilePreview> {
  const source = openSource(body);
  try {
    return await read(source, offset);
  } finally {
    source.close();
  }
}

/** Bytes of a file that a tool takes: base64 of it still fits a request over HTTP. */
const largest = 2 * 2 ** 20;
interface Given {
  readonly text?: string;
  readonly base64?: string;
}

const refuse = (message: string, param: string, code = 'invalid_value'): ApiError =>
  new ApiError(null, message, { param, code });
function decodeBase64(base64: string): Buffer<ArrayBuffer> {
  const digits = base64.replaceAll(/\s/gu, '').replace(/={1,2}$/u, '');
  if (!/^[A-Za-z0-9+/]*$/u.test(digits) || digits.length % 4 === 1) {
    throw refuse("Invalid 'base64': it holds something else than base64.", 'base64');
  }
  return Buffer.from(digits, 'base64');
}

/** The bytes of a file that is given as text or as base64; throws an ApiError for anything else. */
export function decodeUpload({ text, base64 }: Given): Buffer<ArrayBuffer> {
  if ((text === undefined) === (base64 === undefined)) {
    throw refuse("Give what is in the file as 'text' or as 'base64', one of them.", 'text');
  }
  const [param, bytes] =
    base64 === undefined ? ['text', Buffer.from(text ?? '')] : ['base64', decodeBase64(base64)];
  if (bytes.length > largest) {
    throw refuse(
      `Invalid '${param}': file too large. Expected at most ${largest} bytes, but got ${bytes.length} instead.`,
      param,
      'file_above_max_size',
    );
  }
  return bytes;
}
