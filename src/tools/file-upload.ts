import { ToolError } from './sdk-call.ts';

/** Bytes of a file that a tool takes: base64 of it still fits a request over HTTP. */
const largest = 2 * 2 ** 20;

interface Given {
  readonly text?: string;
  readonly base64?: string;
}

const refuse = (message: string, param: string, code = 'invalid_value'): ToolError =>
  new ToolError(message, { status: null, param, code });

function decode(base64: string): Buffer<ArrayBuffer> {
  const digits = base64.replaceAll(/\s/gu, '').replace(/={1,2}$/u, '');
  if (!/^[A-Za-z0-9+/]*$/u.test(digits) || digits.length % 4 === 1) {
    throw refuse("Invalid 'base64': it holds something else than base64.", 'base64');
  }
  return Buffer.from(digits, 'base64');
}

/** The bytes of a file that is given as text or as base64; throws a ToolError for anything else. */
export function decodeUpload({ text, base64 }: Given): Buffer<ArrayBuffer> {
  if ((text === undefined) === (base64 === undefined)) {
    throw refuse("Give what is in the file as 'text' or as 'base64', one of them.", 'text');
  }
  const [param, bytes] =
    base64 === undefined ? ['text', Buffer.from(text ?? '')] : ['base64', decode(base64)];
  if (bytes.length > largest) {
    throw refuse(
      `Invalid '${param}': file too large. Expected at most ${largest} bytes, but got ${bytes.length} instead.`,
      param,
      'file_above_max_size',
    );
  }
  return bytes;
}
