import type { Writable } from 'node:stream';

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
