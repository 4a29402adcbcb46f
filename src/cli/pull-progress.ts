import type { PullCounts, PullProgress } from '../engine/transfer/pull/session.ts';
import { createStatusLine, formatCounts, print, type Terminal } from './terminal.ts';

export interface PullDisplay extends PullProgress {
  /** A pause before the next request. */
  wait(waitMs: number, reason: string): void;
  /** Erases the bar. */
  end(): void;
}

const barWidth = 20;

/** Shorter pauses are not worth a line. */
const minWaitMs = 5000;

/** Without a terminal there is one line for so many objects. */
const objectsPerLine = 10_000;

/** Shows an import from a server: a bar on a terminal; elsewhere a line now and then. */
export function createPullDisplay(stderr: Terminal['stderr']): PullDisplay {
  const isTerminal = stderr.isTTY === true;
  const status = createStatusLine(stderr);
  let [threadCount, done, printedLines] = [0, 0, 0];
  let counts: Partial<PullCounts> = {};
  const position = () => `${done} of ${threadCount} threads, ${formatCounts(counts)} imported`;
  const draw = () => {
    const filled = Math.round((done / Math.max(1, threadCount)) * barWidth);
    const bar = '█'.repeat(filled).padEnd(barWidth, '░');
    status.show(`${bar} ${position()}`);
  };
  return {
    start(count) {
      threadCount = count;
      draw();
    },
    update(newCounts) {
      counts = newCounts;
      draw();
      const sum = Object.values(newCounts).reduce((total, count) => total + count, 0);
      const lines = Math.floor(sum / objectsPerLine);
      if (isTerminal || lines === printedLines) return;
      printedLines = lines;
      print(stderr, `${position()}.\n`);
    },
    advance() {
      done += 1;
      draw();
    },
    wait(waitMs, reason) {
      if (waitMs < minWaitMs) return;
      status.erase();
      print(stderr, `Waiting ${Math.ceil(waitMs / 1000)} seconds: ${reason}\n`);
      draw();
    },
    end: () => status.erase(),
  };
}
