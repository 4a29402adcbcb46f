import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Random } from './random.ts';

const program = fileURLToPath(new URL('worker.ts', import.meta.url));

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
  readonly killed: number;
  /** Processes that ended without being killed. */
  readonly crashes: readonly string[];
  stop(): Promise<void>;
}

interface FleetOptions {
  readonly database: string;
  readonly baseURL: string;
  readonly size: number;
  readonly leaseMs: number;
  /** A file for their stderr. */
  readonly log: string;
}

type SpawnOptions = Omit<FleetOptions, 'size'> & {
  /** Called when the worker is listening. */
  readonly onListening: () => void;
  readonly onExit: (worker: Worker) => void;
};

function spawnWorker({
  database,
  baseURL,
  leaseMs,
  log,
  onListening,
  onExit,
}: SpawnOptions): Worker {
  const args = [program, database, baseURL, String(leaseMs)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const worker: Worker = { child, url: null };
  child.stderr.pipe(createWriteStream(log, { flags: 'a' }));
  child.stdout.setEncoding('utf8').once('data', (port: string) => {
    worker.url = `http://127.0.0.1:${port.trim()}/v1`;
    onListening();
  });
  child.once('exit', () => onExit(worker));
  return worker;
}

/** Starts the processes without waiting until they listen. */
export function startFleet({ size, ...options }: FleetOptions, random: Random): Fleet {
  const workers = new Set<Worker>();
  const waiters: (() => void)[] = [];
  const crashes: string[] = [];
  let killed = 0;

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
  const start = () => void workers.add(spawnWorker({ ...options, onListening, onExit }));
  const urls = () => [...workers].flatMap(({ url }) => (url === null ? [] : [url]));

  for (let index = 0; index < size; index += 1) start();
  return {
    crashes,
    get killed() {
      return killed;
    },
    async anyUrl() {
      for (;;) {
        const listening = urls();
        const url = listening[random.integerBelow(listening.length)];
        if (url !== undefined) return url;
        await new Promise<void>((resolve) => waiters.push(resolve));
      }
    },
    kill(count) {
      const listening = [...workers].filter(({ url }) => url !== null);
      for (let remaining = count; remaining > 0; remaining -= 1) {
        const [victim] = listening.splice(random.integerBelow(listening.length), 1);
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
      const ended = remaining.map(({ child }) => once(child, 'exit'));
      for (const { child } of remaining) child.kill('SIGKILL');
      await Promise.all(ended);
    },
  };
}
