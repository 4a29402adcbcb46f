import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Chance } from './random.ts';

const program = fileURLToPath(new URL('worker.ts', import.meta.url));

interface Worker {
  readonly child: ChildProcess;
  /** Where it listens; null until it does. */
  url: string | null;
}

/** The processes that share a database. */
export interface Fleet {
  /** The address of one that listens, by chance; waits for one. */
  someone(): Promise<string>;
  /** Kills `count` of them without a warning, by chance, and starts as many. */
  kill(count: number): void;
  readonly killed: number;
  /** Processes that ended although nobody killed them. */
  readonly deaths: readonly string[];
  stop(): Promise<void>;
}

interface FleetOptions {
  readonly database: string;
  readonly baseURL: string;
  readonly size: number;
  /** Milliseconds. */
  readonly lease: number;
  /** A file for what they say on stderr. */
  readonly log: string;
}

type Spawning = Omit<FleetOptions, 'size'> & {
  /** Called when the worker is listening. */
  readonly onListening: () => void;
  /** Called when it is no more. */
  readonly onExit: (worker: Worker) => void;
};

function spawnWorker({ database, baseURL, lease, log, onListening, onExit }: Spawning): Worker {
  const args = [program, database, baseURL, String(lease)];
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

/** Starts the processes; they are not listening yet. */
export function startFleet({ size, ...options }: FleetOptions, chance: Chance): Fleet {
  const workers = new Set<Worker>();
  const waiting: (() => void)[] = [];
  const deaths: string[] = [];
  let killed = 0;

  const onListening = () => {
    for (const wake of waiting.splice(0)) wake();
  };
  const onExit = (worker: Worker) => {
    if (!workers.delete(worker)) return;
    if (worker.url !== null) deaths.push(`the process at ${worker.url} ended by itself`);
    // Who finds no database is started again, as a service is.
    start();
  };
  const start = () => void workers.add(spawnWorker({ ...options, onListening, onExit }));
  const urls = () => [...workers].flatMap(({ url }) => (url === null ? [] : [url]));

  for (let index = 0; index < size; index += 1) start();
  return {
    deaths,
    get killed() {
      return killed;
    },
    async someone() {
      for (;;) {
        const listening = urls();
        const url = listening[chance.below(listening.length)];
        if (url !== undefined) return url;
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
    kill(count) {
      const listening = [...workers].filter(({ url }) => url !== null);
      for (let left = count; left > 0; left -= 1) {
        const [victim] = listening.splice(chance.below(listening.length), 1);
        if (victim === undefined) return;
        workers.delete(victim);
        victim.child.kill('SIGKILL');
        killed += 1;
        start();
      }
    },
    async stop() {
      const left = [...workers];
      workers.clear();
      const ended = left.map(({ child }) => once(child, 'exit'));
      for (const { child } of left) child.kill('SIGKILL');
      await Promise.all(ended);
    },
  };
}
