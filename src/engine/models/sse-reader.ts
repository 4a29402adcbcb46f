import { parseJson } from '../../shared/json.ts';
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
    const lines = text.split(text.includes('\r') ? /\r\n|\n|\r/u : '\n');
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

/** One event, or null if it is a keep-alive; some servers send events of blank lines for that. */
function toEvent(name: string, lines: readonly string[], isTerminated: boolean): EventData | null {
  const isKeepAlive = keepAlive.test(name) || lines.every((line) => line.trim() === '');
  const text = lines.join('\n');
  return isKeepAlive || keepAlive.test(text) ? null : { text, isTerminated };
}

/** Older llama.cpp servers send errors in a field `error`. */
const dataFields = ['data:', 'error:'];

/** The data on a line; null if it has another field. */
function dataOf(line: string): string | null {
  const field = dataFields.find((name) => line.startsWith(name));
  if (field === undefined) return null;
  return line.slice(line.startsWith(' ', field.length) ? field.length + 1 : field.length);
}

/** Whether a JSON text has ended before a line, although no blank line says so: an object never follows another. */
const isNextObject = (previous: string | undefined, line: string): boolean =>
  previous !== undefined && /\}\s*$/u.test(previous) && /^\s*(?:\{|\[DONE\])/u.test(line);

/** Puts lines together to events. */
class EventReader {
  #name = '';
  #data: string[] = [];
  #length = 0;
  /** Whether the data has begun in a line without a field. */
  #isBare = false;

  /** The event that this line completes; null if it completes none. */
  read(line: string): EventData | null {
    if (line === '') return this.finish(true);
    const data = dataOf(line) ?? this.#bareData(line);
    if (data !== null) {
      const event = isNextObject(this.#data.at(-1), data) ? this.finish(true) : null;
      this.#data.push(data);
      this.#length += line.length + lineOverhead;
      checkLength(this.#length);
      return event;
    }
    if (line.startsWith('event:')) this.#name = line.slice(6);
    return null;
  }

  /** A line of JSON without a field, which some servers send for an error or in place of a stream. */
  #bareData(line: string): string | null {
    this.#isBare ||= /^\s*\{/u.test(line);
    return this.#isBare ? line : null;
  }

  /** The event so far. */
  finish(isTerminated: boolean): EventData | null {
    const event = toEvent(this.#name, this.#data, isTerminated);
    this.#name = '';
    this.#data = [];
    this.#length = 0;
    this.#isBare = false;
    return event;
  }
}

/** Reads events from a text that arrives in pieces. */
class TextReader {
  readonly #lines = new LineReader();
  readonly #events = new EventReader();

  *read(text: string): Generator<EventData> {
    for (const line of this.#lines.read(text)) {
      const event = this.#events.read(line);
      if (event !== null) yield event;
    }
  }

  /** The events of the last piece. */
  *finish(text: string): Generator<EventData> {
    yield* this.read(text);
    for (const event of [this.#events.read(this.#lines.finish()), this.#events.finish(false)]) {
      if (event !== null) yield event;
    }
  }
}

/**
 * Collects items in one batch; what is thrown between them is thrown after the batch. An async generator
 * passes the batch on in a loop: `yield*` would take several times as long.
 */
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
  const reader = new TextReader();
  for await (const bytes of body) {
    const text = decoder.decode(bytes, { stream: true });
    for (const events of inOneBatch(reader.read(text))) yield events;
  }
  for (const events of inOneBatch(reader.finish(decoder.decode()))) yield events;
}

/** What a stream has after its last event, at most servers. */
export const endMarker = Symbol('[DONE]');

function* parse(events: Iterable<EventData>): Generator {
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
  for await (const events of readSseData(body)) {
    for (const values of inOneBatch(parse(events))) yield values;
  }
}

/** Whether a text, if it is not JSON, is a stream of events. */
const isEventStream = (text: string): boolean =>
  /^\s*(?:data|event|id|retry)?:/u.test(text) || /\}[ \t\r]{0,9}\n\s{0,99}(?:\{|data:)/u.test(text);

/**
 * The values of the events of a whole body, as {@link readJsonEvents} reads them; null if it is not a stream
 * of events. Some servers send a stream with another content type.
 */
export const jsonEventsIn = (text: string): Generator | null =>
  isEventStream(text) && parseJson(text) === undefined
    ? parse(new TextReader().finish(text))
    : null;

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
