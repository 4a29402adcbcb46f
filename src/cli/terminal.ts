import type { Readable, Writable } from 'node:stream';
import { getSystemErrorMessage } from 'node:util';
import { escapeControlCharacters } from '../shared/text.ts';

/** The streams and the interruption of a command. */
export interface Terminal {
  readonly stdin: Readable;
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  /** Resolves on the first SIGINT or SIGTERM, or when the reader of stdout closes it. */
  readonly interrupted: Promise<void>;
}

/**
 * Writes text for people. Everything that commands print goes through it: file names, ids, error texts
 * and replies of models may contain escape sequences.
 */
export const print = (stream: Writable, text: string): void =>
  void stream.write(escapeControlCharacters(text));

/** A signal that aborts when the command is interrupted. */
export function abortSignal({ interrupted }: Terminal): AbortSignal {
  const controller = new AbortController();
  void interrupted.then(() => controller.abort());
  return controller.signal;
}

/** An error as a sentence; for a system error its standard description, such as `no such file`. */
export function errorSentence(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('errno' in error && typeof error.errno === 'number') {
    return `${getSystemErrorMessage(error.errno)}.`;
  }
  return error.message.replace(/\.?$/u, '.');
}

const nouns = [
  ['assistant', 'assistant'],
  ['thread', 'thread'],
  ['thread.message', 'message'],
  ['thread.run', 'run'],
  ['thread.run.step', 'run step'],
  ['file', 'file'],
  ['vector_store', 'vector store'],
] as const;

type Counts = Readonly<Partial<Record<(typeof nouns)[number][0], number>>>;

/** `2 threads, 5 messages and 1 run`. */
export function formatCounts(counts: Counts): string {
  const parts = nouns.flatMap(([object, noun]) => {
    const count = counts[object] ?? 0;
    return count === 0 ? [] : [`${count} ${noun}${count === 1 ? '' : 's'}`];
  });
  if (parts.length < 2) return parts[0] ?? 'nothing';
  return `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
}

/** Passes bytes on and advances a progress bar by their number. */
export async function* countBytes(
  bytes: AsyncIterable<Uint8Array>,
  progress: Progress,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    progress.advance(chunk.length);
    yield chunk;
  }
}

/** A progress bar; amounts are in the unit of its total. */
interface Progress {
  advance(amount: number): void;
  /** Erases the bar. */
  end(): void;
}

/** A line at the end of a terminal's output that changes. */
export interface StatusLine {
  /** Replaces the line. */
  show(text: string): void;
  erase(): void;
}

/** A status line that prints only to a terminal. */
export function createStatusLine(stream: Terminal['stderr']): StatusLine {
  const write = (text: string) => {
    if (stream.isTTY === true) stream.write(`\r\u001B[K${text}`);
  };
  return { show: (text) => write(escapeControlCharacters(text)), erase: () => write('') };
}

const barWidth = 30;

/** A progress bar that prints only to a terminal, and only if the total is known. */
export function createProgressBar(
  stream: Writable & { readonly isTTY?: boolean },
  label: string,
  total: number | null,
): Progress {
  if (stream.isTTY !== true || total === null || total === 0) {
    return { advance: () => {}, end: () => {} };
  }
  const name = escapeControlCharacters(label);
  let [done, printedPercent] = [0, -1];
  return {
    advance(amount) {
      done += amount;
      const percent = Math.min(100, Math.floor((done / total) * 100));
      if (percent === printedPercent) return;
      printedPercent = percent;
      const bar = '█'.repeat(Math.round((percent / 100) * barWidth)).padEnd(barWidth, '░');
      stream.write(`\r${name} ${bar} ${String(percent).padStart(3)} %`);
    },
    end: () => void stream.write('\r\u001B[K'),
  };
}
