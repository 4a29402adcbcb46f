import { malformedAnswer, parseAnswer } from './json-shape.ts';

/** In characters. */
const maxEventLength = 16 * 1024 ** 2;

/** What a line takes in memory beside its characters. */
const lineOverhead = 64;

function checkLength(length: number): void {
  if (length > maxEventLength) throw malformedAnswer('an event of more than 16 MiB');
}

/** Lines end in LF, CRLF or CR; a chunk may end anywhere, even inside a character. */
async function* readLines(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let pending: string[] = [];
  let pendingLength = 0;
  let isAfterCR = false;
  for await (const bytes of body) {
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

/** One event, or none if all lines are blank: some servers send such events as keep-alive. */
const nonEmpty = (lines: readonly string[], isTerminated: boolean): EventData[] =>
  lines.every((line) => line.trim() === '') ? [] : [{ text: lines.join('\n'), isTerminated }];

/**
 * The data of each server-sent event; names, ids and comments are skipped. The blank line after the
 * last event may be missing. Throws a `ModelFailure` for an event that is too large.
 */
export async function* readSseData(body: ReadableStream<Uint8Array>): AsyncGenerator<EventData> {
  let data: string[] = [];
  let length = 0;
  for await (const line of readLines(body)) {
    // Older llama.cpp servers send errors in a field `error`.
    const field = /^(?:data|error): ?/u.exec(line);
    if (field !== null) {
      data.push(line.slice(field[0].length));
      length += line.length + lineOverhead;
      checkLength(length);
    }
    if (line !== '') continue;
    yield* nonEmpty(data, true);
    data = [];
    length = 0;
  }
  yield* nonEmpty(data, false);
}

/** What a stream has after its last event, at most servers. */
export const endMarker = Symbol('[DONE]');

/**
 * The value of each server-sent event, or the end marker. Throws a `ModelFailure` for an event that is
 * not JSON, unless the stream broke off within it.
 */
export async function* readJsonEvents(body: ReadableStream<Uint8Array>): AsyncGenerator {
  for await (const { text, isTerminated } of readSseData(body)) {
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
