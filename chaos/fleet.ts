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

/** Starts the processes; they are not listening yet. */
export function startFleet(
  { database, baseURL, size, lease, log }: FleetOptions,
  chance: Chance,
): Fleet {
  const output = createWriteStream(log, { flags: 'a' });
  const workers = new Set<Worker>();
  const waiting: (() => void)[] = [];
  let killed = 0;

  const start = () => {
    const args = [program, database, baseURL, String(lease)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const worker: Worker = { child, url: null };
    workers.add(worker);
    child.stderr.pipe(output, { end: false });
    child.stdout.setEncoding('utf8').once('data', (port: string) => {
      worker.url = `http://127.0.0.1:${port.trim()}/v1`;
      for (const wake of waiting.splice(0)) wake();
    });
    child.once('exit', () => workers.delete(worker));
  };

  for (let index = 0; index < size; index += 1) start();
  return {
    get killed() {
      return killed;
    },
    async someone() {
      for (;;) {
        const urls = [...workers].flatMap(({ url }) => (url === null ? [] : [url]));
        const url = urls[chance.below(urls.length)];
        if (url !== undefined) return url;
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
    kill(count) {
      const listening = [...workers].filter(({ url }) => url !== null);
      for (let left = count; left > 0 && listening.length > 0; left -= 1) {
        const [victim] = listening.splice(chance.below(listening.length), 1);
        if (victim === undefined) return;
        victim.child.kill('SIGKILL');
        workers.delete(victim);
        killed += 1;
        start();
      }
    },
    async stop() {
      const ended = [...workers].map(({ child }) => once(child, 'exit'));
      for (const { child } of workers) child.kill('SIGKILL');
      await Promise.all(ended);
      output.end();
    },
  };
}
