import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { spawnEngine } from '../test/support/engine-process.ts';
import type { Random } from './random.ts';

interface Worker {
  readonly child: ChildProcess;
  /** Null until it listens. */
  url: string | null;
}

/** The processes that share a database. */
export interface Fleet {
  /** The URL of a random listening process; waits for one. */
  anyUrl(): Promise<string>;
  /** Kills `count` random processes with SIGKILL and starts as many. */
  kill(count: number): void;
  killed(): number;
  /** Stops a random process for longer than its lease, then lets it go on. */
  stall(): Promise<void>;
  stalled(): number;
  /** Processes that ended without being killed. */
  readonly crashes: readonly string[];
  stop(): Promise<void>;
}

interface FleetOptions {
  readonly database: string;
  readonly baseURL: string;
  readonly size: number;
  readonly leaseMs: number;
  /** Seconds by which the clocks of the processes are ahead, one chosen at random for each. */
  readonly clocksAhead: readonly number[];
  /** A file for their stderr. */
  readonly log: string;
}

type SpawnOptions = Omit<FleetOptions, 'size' | 'clocksAhead'> & {
  readonly clockAhead: number;
  /** Called when the worker is listening. */
  readonly onListening: () => void;
  readonly onExit: (worker: Worker) => void;
};

function spawnWorker({
  database,
  baseURL,
  leaseMs,
  clockAhead,
  log,
  onListening,
  onExit,
}: SpawnOptions): Worker {
  const child = spawnEngine({ database, baseURL, leaseMs, clockAhead });
  const worker: Worker = { child, url: null };
  child.stderr.pipe(createWriteStream(log, { flags: 'a' }));
  child.stdout.setEncoding('utf8').once('data', (port: string) => {
    worker.url = `http://127.0.0.1:${port.trim()}/v1`;
    onListening();
  });
  child.once('exit', () => onExit(worker));
  return worker;
}

/** Stops a process for `ms` milliseconds; it may be killed meanwhile. */
async function stopFor({ child }: Worker, ms: number): Promise<void> {
  child.kill('SIGSTOP');
  await setTimeout(ms);
  child.kill('SIGCONT');
}

async function killAll(workers: readonly Worker[]): Promise<void> {
  const ended = workers.map(({ child }) => once(child, 'exit'));
  for (const { child } of workers) child.kill('SIGKILL');
  await Promise.all(ended);
}

/** Starts the processes without waiting until they listen. */
export function startFleet({ size, clocksAhead, ...options }: FleetOptions, random: Random): Fleet {
  const workers = new Set<Worker>();
  const waiters: (() => void)[] = [];
  const crashes: string[] = [];
  let [killed, stalled] = [0, 0];

  const onListening = () => {
    for (const wake of waiters.splice(0)) wake();
  };
  const onExit = (worker: Worker) => {
    if (!workers.delete(worker)) return;
    if (worker.url !== null)
      crashes.push(`the process at ${worker.url} ended without being killed`);
    // Restart it, as a service manager does: it exits if the database is down.
    start();
  };
  const start = () => {
    const clockAhead = clocksAhead[random.integerBelow(clocksAhead.length)] ?? 0;
    workers.add(spawnWorker({ ...options, clockAhead, onListening, onExit }));
  };
  const listening = () => [...workers].filter(({ url }) => url !== null);

  for (let index = 0; index < size; index += 1) start();
  return {
    crashes,
    killed: () => killed,
    stalled: () => stalled,
    async anyUrl() {
      for (;;) {
        const urls = listening().flatMap(({ url }) => url ?? []);
        const url = urls[random.integerBelow(urls.length)];
        if (url !== undefined) return url;
        await new Promise<void>((resolve) => waiters.push(resolve));
      }
    },
    async stall() {
      const victim = listening()[random.integerBelow(listening().length)];
      if (victim === undefined) return;
      stalled += 1;
      await stopFor(victim, options.leaseMs * 2);
    },
    kill(count) {
      const victims = listening();
      for (let remaining = count; remaining > 0; remaining -= 1) {
        const [victim] = victims.splice(random.integerBelow(victims.length), 1);
        if (victim === undefined) return;
        workers.delete(victim);
        victim.child.kill('SIGKILL');
        killed += 1;
        start();
      }
    },
    async stop() {
      const remaining = [...workers];
      workers.clear();
      await killAll(remaining);
    },
  };
}
