import type { Readable, Writable } from 'node:stream';
import { getSystemErrorMessage } from 'node:util';

/** What a command reads, writes and heeds. */
export interface Terminal {
  readonly stdin: Readable;
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  /** Resolves when the command is to be broken off. */
  readonly interrupted: Promise<void>;
}

/** Aborts when the command is to be broken off. */
export function abortSignal({ interrupted }: Terminal): AbortSignal {
  const controller = new AbortController();
  void interrupted.then(() => controller.abort());
  return controller.signal;
}

/** An error as a sentence; those of the system as it words them itself. */
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

/** The same bytes, counted as they pass. */
export async function* countBytes(
  bytes: AsyncIterable<Uint8Array>,
  progress: Progress,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    progress.advance(chunk.length);
    yield chunk;
  }
}

/** How far something has come; `advance` is in the units of its total. */
export interface Progress {
  advance(amount: number): void;
  /** Takes the bar away. */
  end(): void;
}

const width = 30;

/** A bar on a terminal; nothing at all elsewhere, or where the total is not known. */
export function createProgressBar(
  stream: Writable & { readonly isTTY?: boolean },
  label: string,
  total: number | null,
): Progress {
  if (stream.isTTY !== true || total === null || total === 0) {
    return { advance: () => {}, end: () => {} };
  }
  let [done, shown] = [0, -1];
  return {
    advance(amount) {
      done += amount;
      const percent = Math.min(100, Math.floor((done / total) * 100));
      if (percent === shown) return;
      shown = percent;
      const bar = '█'.repeat(Math.round((percent / 100) * width)).padEnd(width, '░');
      stream.write(`\r${label} ${bar} ${String(percent).padStart(3)} %`);
    },
    end: () => void stream.write('\r\u001B[K'),
  };
}
