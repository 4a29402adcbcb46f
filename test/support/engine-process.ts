import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('engine-process-main.ts', import.meta.url));

export interface EngineProcessOptions {
  readonly database: string;
  /** URL of the model endpoint. */
  readonly baseURL: string;
  readonly leaseMs: number;
  /** Runs at once; 2 by default. */
  readonly concurrency?: number;
  /** Seconds by which the clock of the process is ahead; needs libfaketime. */
  readonly clockAhead?: number;
  /** SIGUSR2 blocks the process's main thread until this file exists. */
  readonly stallUntil?: string;
}

/** Why processes cannot have clocks of their own here; null if they can. */
export function clocksUnavailable(): string | null {
  const folders = ['/usr/lib', ...readdirSync('/usr/lib').map((name) => `/usr/lib/${name}`)];
  const isInstalled = folders.some((folder) => {
    try {
      return readdirSync(folder).includes('faketime');
    } catch {
      return false;
    }
  });
  return isInstalled ? null : 'libfaketime is not installed';
}

/** libfaketime shifts the time that can be set, not the one that counts from the start. */
const shiftedClock = (seconds: number) => ({
  LD_PRELOAD: '/usr/$LIB/faketime/libfaketimeMT.so.1',
  FAKETIME: `${seconds > 0 ? '+' : ''}${seconds}s`,
  DONT_FAKE_MONOTONIC: '1',
});

/** Starts a process with an engine; it prints its port when it listens. */
export function spawnEngine(options: EngineProcessOptions): ChildProcess & {
  readonly stdout: NonNullable<ChildProcess['stdout']>;
  readonly stderr: NonNullable<ChildProcess['stderr']>;
} {
  const { database, baseURL, leaseMs, concurrency = 2, clockAhead = 0, stallUntil } = options;
  const args = [program, database, baseURL, `${leaseMs}`, `${concurrency}`];
  const env = {
    ...process.env,
    ...(clockAhead !== 0 && shiftedClock(clockAhead)),
    ...(stallUntil !== undefined && { STALL_UNTIL: stallUntil }),
  };
  return spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
}
