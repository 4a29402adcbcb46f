import { escapeControlCharacters } from './text.ts';
import { errorStack } from './errors.ts';
import { redact, redactedExcerpt } from './redact.ts';

export const logLevels = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof logLevels)[number];
export type LogFields = Readonly<Record<string, unknown>>;
type Write = (message: string, fields?: LogFields) => void;

/** One function per level, for a message (a lower-case phrase) and its fields. */
export type Log = Readonly<Record<LogLevel, Write>>;

interface LogOptions {
  readonly level: LogLevel;
  /** Values that must never be written, such as the API key. */
  readonly secrets: readonly string[];
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Writes one line; never to stdout, which carries the MCP protocol. */
  readonly write: (line: string) => void;
}

/** In characters: a message of a server or a caller may be of any length. */
const maxFieldLength = 8000;

/** Writes errors as their stack, because `JSON.stringify` would write `{}`, and cuts long texts. */
const createReplacer =
  (secrets: readonly string[]) =>
  (_key: string, value: unknown): unknown => {
    const field = value instanceof Error ? errorStack(value) : value;
    const isLong = typeof field === 'string' && field.length > maxFieldLength;
    return isLong ? redactedExcerpt(field, maxFieldLength, secrets) : field;
  };

/** JSON text without secrets and control characters. */
const redactedJson = (entry: LogFields, secrets: readonly string[]): string =>
  escapeControlCharacters(redact(JSON.stringify(entry, createReplacer(secrets)), secrets));

/** A message and its fields as an object, redacted and cut as a log line is. */
export const redactedEntry = (
  message: string,
  fields: LogFields | undefined,
  secrets: readonly string[],
): unknown => JSON.parse(redactedJson({ message, ...fields }, secrets));

/** Creates a log that writes one JSON object per line, with secrets redacted. */
export function createLog({ level, secrets, now, write }: LogOptions): Log {
  const writeAt = (name: LogLevel): Write => {
    if (logLevels.indexOf(name) > logLevels.indexOf(level)) return () => {};
    return (message, fields) => {
      const entry = { time: new Date(now()).toISOString(), level: name, message, ...fields };
      write(`${redactedJson(entry, secrets)}\n`);
    };
  };
  return {
    error: writeAt('error'),
    warn: writeAt('warn'),
    info: writeAt('info'),
    debug: writeAt('debug'),
  };
}
