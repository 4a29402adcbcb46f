/* oxlint-disable no-restricted-globals -- it guards the process of the thread */
// Runs in a second thread of the process that reads files, because a parser may keep the first one
// busy forever.
import { parentPort } from 'node:worker_threads';

/** How often to look. */
const intervalMs = 200;

/** The most memory that the process may use. */
const maxMemoryBytes = 512 * 2 ** 20;

/** The most computing time for one file, in seconds: other programs may take most of the real time. */
export const maxSeconds = 30;

/** How the process ends when it exceeds a limit. */
export const limitSignals = { memory: 'SIGUSR2', time: 'SIGXCPU' } as const;

function end(signal: NodeJS.Signals): void {
  try {
    process.kill(process.pid, signal);
  } catch {
    // A system without this signal.
    process.kill(process.pid, 'SIGKILL');
  }
}

/** Ends this process when it exceeds a limit, and when the one that started it has ended. */
export function guardProcess(): void {
  const parent = process.ppid;
  let before = process.cpuUsage();
  parentPort?.on('message', () => (before = process.cpuUsage()));
  setInterval(() => {
    if (process.ppid !== parent) end('SIGKILL');
    if (process.memoryUsage.rss() > maxMemoryBytes) end(limitSignals.memory);
    const { user, system } = process.cpuUsage(before);
    if (user + system > maxSeconds * 1e6) end(limitSignals.time);
  }, intervalMs);
}

/** Terminals and service managers signal all processes; this one ends when its parent does. */
export function ignoreSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
}
