import { malformedAnswer, parseAnswer } from './json-shape.ts';

/** In characters. */
const maxEventLength = 16 * 1024 ** 2;

/** What a line takes in memory beside its characters. */
const lineOverhead = 64;

function checkLength(length: number): void {
  if (length > maxEventLength) throw malformedAnswer('an event of more than 16 MiB');
}

/** Cuts text into lines, which end in LF, CRLF or CR; a piece of the text may end anywhere. */
class LineReader {
  #pending: string[] = [];
  #pendingLength = 0;
  #isAfterCR = false;

  /** The lines that this piece completes. */
  *read(piece: string): Generator<string> {
    if (piece === '') return;
    const text = this.#isAfterCR && piece.startsWith('\n') ? piece.slice(1) : piece;
    this.#isAfterCR = piece.endsWith('\r');
    const lines = text.split(/\r\n|\n|\r/u);
    const unfinished = lines.pop() ?? '';
    for (const line of lines) yield this.#complete(line);
    this.#pending.push(unfinished);
    this.#pendingLength += unfinished.length;
    checkLength(this.#pendingLength);
  }

  /** The last line, without an end. */
  finish(): string {
    return this.#complete('');
  }

  #complete(end: string): string {
    const line = this.#pending.join('') + end;
    this.#pending = [];
    this.#pendingLength = 0;
    return line;
  }
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

/** Puts lines together to events. */
class EventReader {
  #name = '';
  #data: string[] = [];
  #length = 0;

  /** The event that this line completes. */
  *read(line: string): Generator<EventData> {
    // Older llama.cpp servers send errors in a field `error`.
    const field = /^(?:data|error): ?/u.exec(line);
    if (field !== null) {
      this.#data.push(line.slice(field[0].length));
      this.#length += line.length + lineOverhead;
      checkLength(this.#length);
    } else if (line.startsWith('event:')) this.#name = line.slice(6);
    if (line === '') yield* this.finish(true);
  }

  /** The event so far. */
  *finish(isTerminated: boolean): Generator<EventData> {
    const [name, data] = [this.#name, this.#data];
    this.#name = '';
    this.#data = [];
    this.#length = 0;
    yield* toEvents(name, data, isTerminated);
  }
}

/** Collects items in one batch; what is thrown between them is thrown after the batch. */
export function* inOneBatch<T>(items: Iterable<T>): Generator<T[]> {
  const batch: T[] = [];
  try {
    for (const item of items) batch.push(item);
  } catch (error) {
    yield batch;
    throw error;
  }
  yield batch;
}

/**
 * The data of the server-sent events that each chunk of bytes completes; ids, comments and keep-alives
 * are skipped. The blank line after the last event may be missing. Throws a `ModelFailure` for an event
 * that is too large.
 */
export async function* readSseData(body: ReadableStream<Uint8Array>): AsyncGenerator<EventData[]> {
  const decoder = new TextDecoder();
  const lineReader = new LineReader();
  const eventReader = new EventReader();
  function* read(text: string): Generator<EventData> {
    for (const line of lineReader.read(text)) yield* eventReader.read(line);
  }
  for await (const bytes of body) yield* inOneBatch(read(decoder.decode(bytes, { stream: true })));
  function* finish(): Generator<EventData> {
    yield* read(decoder.decode());
    yield* eventReader.read(lineReader.finish());
    yield* eventReader.finish(false);
  }
  yield* inOneBatch(finish());
}

/** What a stream has after its last event, at most servers. */
export const endMarker = Symbol('[DONE]');

function* parse(events: readonly EventData[]): Generator {
  for (const { text, isTerminated } of events) {
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

/**
 * The values of the server-sent events in each chunk of bytes, the end marker among them. Throws a
 * `ModelFailure` for an event that is not JSON, unless the stream broke off within it.
 */
export async function* readJsonEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<unknown[]> {
  for await (const events of readSseData(body)) yield* inOneBatch(parse(events));
}

/** A whole body as text, after an empty batch for each chunk of bytes. */
export async function* readText(body: ReadableStream<Uint8Array> | null): AsyncGenerator<string[]> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const bytes of body ?? []) {
    yield [];
    text += decoder.decode(bytes, { stream: true });
  }
  yield [text + decoder.decode()];
}
