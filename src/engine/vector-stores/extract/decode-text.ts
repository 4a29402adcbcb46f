import { notSupported, tooLarge } from './extraction-error.ts';

/** A text of more bytes has more characters than a file may have. */
const maxTextBytes = 64_000_000;

/** How much of a file is examined where its encoding is not declared. */
const sampleBytes = 65_536;

const boms = [
  ['utf-8', [0xef, 0xbb, 0xbf]],
  ['utf-16le', [0xff, 0xfe]],
  ['utf-16be', [0xfe, 0xff]],
] as const;

const startsWith = (bytes: Uint8Array, start: readonly number[]): boolean =>
  start.every((byte, index) => bytes[index] === byte);

/** The encoding that a byte order mark declares. */
const encodingOfBom = (bytes: Uint8Array): string | undefined => {
  if (startsWith(bytes, [0xff, 0xfe, 0, 0]) || startsWith(bytes, [0, 0, 0xfe, 0xff])) {
    throw notSupported('text in UTF-32; save it as UTF-8');
  }
  return boms.find(([, bom]) => startsWith(bytes, bom))?.[0];
};

/** ASCII characters have a zero byte in UTF-16, always on the same side. */
function encodingOfZeros(bytes: Uint8Array): string | undefined {
  const sample = bytes.subarray(0, sampleBytes - (sampleBytes % 2));
  const zeros = [0, 0];
  for (const [index, byte] of sample.entries()) {
    if (byte === 0) zeros[index % 2] = (zeros[index % 2] ?? 0) + 1;
  }
  const [even = 0, odd = 0] = zeros;
  // Text of any language has spaces and line ends, and no zero characters.
  const needed = Math.max(1, sample.length / 100);
  if (odd >= needed && even * 20 < odd) return 'utf-16le';
  if (even >= needed && odd * 20 < even) return 'utf-16be';
  return undefined;
}

const decode = (bytes: Uint8Array, encoding: string, fatal = false): string =>
  new TextDecoder(encoding, { fatal }).decode(bytes);

function isUtf8(bytes: Uint8Array): boolean {
  try {
    decode(bytes, 'utf-8', true);
    return true;
  } catch {
    return false;
  }
}

const countOf = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;

/** Text in UTF-8 with a few broken characters, such as one that was cut at the end. */
function isBrokenUtf8(bytes: Uint8Array): boolean {
  const text = decode(bytes.subarray(0, sampleBytes), 'utf-8');
  const broken = countOf(text, /\uFFFD/gu);
  const valid = countOf(text, /[^\0-\x7f\uFFFD]/gu);
  return valid > broken * 4;
}

/** The encoding of text without a declaration: UTF-8, UTF-16, else Latin-1 as Windows extends it. */
function guessEncoding(bytes: Uint8Array): string {
  const utf16 = encodingOfZeros(bytes);
  if (utf16 !== undefined) return utf16;
  return isUtf8(bytes) || isBrokenUtf8(bytes) ? 'utf-8' : 'windows-1252';
}

// oxlint-disable-next-line no-control-regex -- it looks for control characters
const control = /[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]/gu;

/** Whether decoded bytes are no text: text has hardly any control characters. */
function isBinary(text: string): boolean {
  const sample = text.slice(0, sampleBytes);
  return countOf(sample, control) > sample.length / 100;
}

const normalized = (text: string): string =>
  text.replaceAll(/\r\n?/gu, '\n').replaceAll('\0', '').toWellFormed();

/** Decodes a text file; `declared` is the encoding that the text names itself. */
export function decodeText(bytes: Uint8Array, declared?: string): string {
  if (bytes.length > maxTextBytes) throw tooLarge();
  const known = encodingOfBom(bytes) ?? encodingOfZeros(bytes) ?? declared;
  const text = decodeAs(bytes, known) ?? decode(bytes, guessEncoding(bytes));
  if (isBinary(text)) throw notSupported('no text and no document of a known type');
  return normalized(text);
}

/** Undefined: the encoding is unknown, or does not fit. */
function decodeAs(bytes: Uint8Array, encoding: string | undefined): string | undefined {
  if (encoding === undefined) return undefined;
  try {
    const text = decode(bytes, encoding);
    return countOf(text.slice(0, sampleBytes), /\uFFFD/gu) * 20 > text.length ? undefined : text;
  } catch {
    return undefined;
  }
}
