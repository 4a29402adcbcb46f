import { malformedAnswer, parseAnswer } from './json-shape.ts';

/** In characters. */
const maxEventLength = 16 * 1024 ** 2;

/** What a line takes in memory beside its characters. */
const lineOverhead = 64;

function checkLength(length: number): void {
  if (length > maxEventLength) throw malformedAnswer('an event of more than 16 MiB');
}

/** Bytes have arrived, though no event may be complete. */
export const alive = Symbol('alive');

/** Lines end in LF, CRLF or CR; a chunk may end anywhere, even inside a character. */
async function* readLines(body: ReadableStream<Uint8Array>): AsyncGenerator<string | typeof alive> {
  const decoder = new TextDecoder();
  let pending: string[] = [];
  let pendingLength = 0;
  let isAfterCR = false;
  for await (const bytes of body) {
    yield alive;
    let text = decoder.decode(bytes, { stream: true });
    if (text === '') continue;
    if (isAfterCR && text.startsWith('\n')) text = text.slice(1);
    isAfterCR = text.endsWith('\r');
    const lines = text.split(/\r\n|\n|\r/u);
    const unfinished = lines.pop() ?? '';
    for (const line of lines) {
      yield pending.join('') + line;
      pending = [];
      pendingLength = 0;
    }
    pending.push(unfinished);
    pendingLength += unfinished.length;
    checkLength(pendingLength);
  }
  yield pending.join('') + decoder.decode();
}

/** The data of a server-sent event. */
interface EventData {
  readonly text: string;
  /** False for the last event of a stream that ended before the blank line after it. */
  readonly isTerminated: boolean;
}

/** What servers send to keep the connection open, as the name or the data of an event. */
const keepAlive = /^\s*\[?(?:ping|keep-?alive|heartbeat)\]?\s*$/iu;

/** One event, or none if it is a keep-alive; some servers send events of blank lines for that. */
function toEvents(name: string, lines: readonly string[], isTerminated: boolean): EventData[] {
  const isKeepAlive = keepAlive.test(name) || lines.every((line) => line.trim() === '');
  const text = lines.join('\n');
  return isKeepAlive || keepAlive.test(text) ? [] : [{ text, isTerminated }];
}

/**
 * The data of each server-sent event, and `alive` before what each chunk of bytes completes; ids,
 * comments and keep-alives are skipped. The blank line after the last event may be missing. Throws a
 * `ModelFailure` for an event that is too large.
 */
export async function* readSseData(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<EventData | typeof alive> {
  let name = '';
  let data: string[] = [];
  let length = 0;
  for await (const line of readLines(body)) {
    if (line === alive) {
      yield alive;
      continue;
    }
    // Older llama.cpp servers send errors in a field `error`.
    const field = /^(?:data|error): ?/u.exec(line);
    if (field !== null) {
      data.push(line.slice(field[0].length));
      length += line.length + lineOverhead;
      checkLength(length);
    } else if (line.startsWith('event:')) name = line.slice(6);
    if (line !== '') continue;
    yield* toEvents(name, data, true);
    name = '';
    data = [];
    length = 0;
  }
  yield* toEvents(name, data, false);
}

/** What a stream has after its last event, at most servers. */
export const endMarker = Symbol('[DONE]');

/**
 * The value of each server-sent event, the end marker, or `alive`. Throws a `ModelFailure` for an event
 * that is not JSON, unless the stream broke off within it.
 */
export async function* readJsonEvents(body: ReadableStream<Uint8Array>): AsyncGenerator {
  for await (const event of readSseData(body)) {
    if (event === alive) {
      yield alive;
      continue;
    }
    const { text, isTerminated } = event;
    if (text.trim() === '[DONE]') {
      yield endMarker;
      continue;
    }
    try {
      yield parseAnswer(text, 'an event');
    } catch (error) {
      if (isTerminated) throw error;
    }
  }
}

/** A whole body as text, after `alive` for each chunk of bytes. */
export async function* readText(
  body: ReadableStream<Uint8Array> | null,
): AsyncGenerator<string | typeof alive> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const bytes of body ?? []) {
    yield alive;
    text += decoder.decode(bytes, { stream: true });
  }
  yield text + decoder.decode();
}
