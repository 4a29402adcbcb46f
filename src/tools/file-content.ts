import { ApiError } from '../shared/errors.ts';
import type { Image } from './tool.ts';

/** Text in one result: hosts truncate results that are much longer. */
const pageBytes = 32_000;

export const maxImageBytes = 3 * 2 ** 20;

/** Its base64 fits into a request over HTTP. */
const maxUploadBytes = 2 * 2 ** 20;

const imageSignatures: readonly (readonly [mimeType: string, start: RegExp])[] = [
  ['image/png', /^\x89PNG\r\n/u],
  ['image/jpeg', /^\xff\xd8\xff/u],
  ['image/gif', /^GIF8[79]a/u],
  ['image/webp', /^RIFF[^]{4}WEBP/u],
];

/** A page of a text file, an image, or why neither can be shown. Offsets are in bytes. */
export type FilePreview =
  | {
      readonly kind: 'text';
      readonly text: string;
      /** Where the page starts, at a character boundary. */
      readonly offset: number;
      /** Where the next page starts; null on the last page. */
      readonly nextOffset: number | null;
    }
  | ({ readonly kind: 'image' } & Image)
  | { readonly kind: 'large image' | 'other' };

interface ByteReader {
  /** The next `count` bytes, fewer only at the end of the stream. */
  read(count: number): Promise<Buffer>;
  /** Stops the download. */
  close(): void;
}

function createByteReader(stream: ReadableStream<Uint8Array>): ByteReader {
  const reader = stream.getReader();
  let buffered = Buffer.alloc(0);
  return {
    async read(count) {
      const chunks = [buffered];
      let size = buffered.length;
      while (size < count) {
        const { value } = await reader.read();
        if (value === undefined) break;
        chunks.push(Buffer.from(value));
        size += value.length;
      }
      const bytes = Buffer.concat(chunks);
      buffered = bytes.subarray(count);
      return bytes.subarray(0, count);
    },
    // Nothing is read any more, so that no error matters.
    close: () => void reader.cancel().catch(() => {}),
  };
}

async function skipBytes(reader: ByteReader, count: number): Promise<void> {
  for (let remaining = count; remaining > 0;) {
    const { length } = await reader.read(Math.min(remaining, pageBytes));
    if (length === 0) return;
    remaining -= length;
  }
}

const isContinuation = (byte: number | undefined): boolean =>
  byte !== undefined && byte >= 0x80 && byte < 0xc0;

/** The number of bytes at the end that belong to an incomplete UTF-8 character. */
function incompleteTail(bytes: Buffer): number {
  const maxTail = Math.min(3, bytes.length);
  for (let count = 1; count <= maxTail; count += 1) {
    const byte = bytes.at(-count) ?? 0;
    if (isContinuation(byte)) continue;
    const characterBytes = byte < 0xc0 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    return characterBytes > count ? count : 0;
  }
  return 0;
}

/** Decodes UTF-8 text; null for anything else. */
function decodeText(bytes: Buffer): string | null {
  if (bytes.includes(0)) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** An offset inside a character moves to the next one. */
const firstCharacter = (bytes: Buffer): number =>
  Math.max(
    0,
    bytes.findIndex((byte) => !isContinuation(byte)),
  );

function textPage(bytes: Buffer, offset: number): FilePreview {
  const hasNextPage = bytes.length > pageBytes;
  const page = bytes.subarray(0, pageBytes);
  const start = offset === 0 ? 0 : firstCharacter(bytes);
  const end = hasNextPage ? page.length - incompleteTail(page) : page.length;
  const text = decodeText(page.subarray(start, end));
  if (text === null) return { kind: 'other' };
  const nextOffset = hasNextPage ? offset + end : null;
  return { kind: 'text', text, offset: offset + start, nextOffset };
}

async function readFrom(reader: ByteReader, offset: number): Promise<FilePreview> {
  await skipBytes(reader, offset);
  // One byte more than a page says whether there is a next page.
  const head = await reader.read(pageBytes + 1);
  const start = head.toString('latin1', 0, 16);
  const [mimeType] =
    imageSignatures.find(([, signature]) => offset === 0 && signature.test(start)) ?? [];
  if (mimeType === undefined) return textPage(head, offset);
  const image = Buffer.concat([head, await reader.read(maxImageBytes + 1 - head.length)]);
  if (image.length > maxImageBytes) return { kind: 'large image' };
  return { kind: 'image', mimeType, data: image.toString('base64') };
}

/**
 * Reads from a byte offset as much of a file as one result can show, and downloads no more. Rejects
 * when the connection breaks.
 */
export async function readPreview(
  content: ReadableStream<Uint8Array>,
  offset: number,
): Promise<FilePreview> {
  const reader = createByteReader(content);
  try {
    return await readFrom(reader, offset);
  } finally {
    reader.close();
  }
}

interface Upload {
  readonly text?: string;
  readonly base64?: string;
}

const invalidUpload = (message: string, param: string, code = 'invalid_value'): ApiError =>
  new ApiError(null, message, { param, code });

function decodeBase64(base64: string): Buffer<ArrayBuffer> {
  const digits = base64.replaceAll(/\s/gu, '').replace(/={1,2}$/u, '');
  if (!/^[A-Za-z0-9+/]*$/u.test(digits) || digits.length % 4 === 1) {
    throw invalidUpload("Invalid 'base64': the value is not valid base64.", 'base64');
  }
  return Buffer.from(digits, 'base64');
}

/** The bytes of a file to upload. Throws an ApiError for invalid or too large content. */
export function decodeUpload({ text, base64 }: Upload): Buffer<ArrayBuffer> {
  if ((text === undefined) === (base64 === undefined)) {
    throw invalidUpload("Pass the file's content either in 'text' or in 'base64'.", 'text');
  }
  const [param, bytes] =
    base64 === undefined ? ['text', Buffer.from(text ?? '')] : ['base64', decodeBase64(base64)];
  if (bytes.length > maxUploadBytes) {
    throw invalidUpload(
      `Invalid '${param}': file too large. Expected at most ${maxUploadBytes} bytes, but got ${bytes.length} instead.`,
      param,
      'file_above_max_size',
    );
  }
  return bytes;
}
