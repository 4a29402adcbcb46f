import { redact } from './redact.ts';

export const logLevels = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof logLevels)[number];
type Write = (message: string, fields?: Readonly<Record<string, unknown>>) => void;

/** One function a level: a sentence, and the facts that go with it. */
export type Log = Readonly<Record<LogLevel, Write>>;

interface LogOptions {
  readonly level: LogLevel;
  /** Values that must never be written, such as the API key. */
  readonly secrets: readonly string[];
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Takes one finished line; never to stdout, which is the protocol's. */
  readonly write: (line: string) => void;
}

/** JSON knows no errors; the stack is what the reader of a log needs of one. */
const errorReplacer = (_key: string, value: unknown): unknown =>
  value instanceof Error ? (value.stack ?? value.message) : value;

/** Structured logging: one JSON object a line, without keys. */
export function createLog({ level, secrets, now, write }: LogOptions): Log {
  const at = (name: LogLevel): Write => {
    if (logLevels.indexOf(name) > logLevels.indexOf(level)) return () => {};
    return (message, fields) => {
      const entry = { time: new Date(now()).toISOString(), level: name, message, ...fields };
      write(`${redact(JSON.stringify(entry, errorReplacer), secrets)}\n`);
    };
  };
  return { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug') };
}
