import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import * as z from 'zod';

const logLine = z.looseObject({ message: z.string(), rest: z.string().optional() });

/** Starts the built `serve` on a free port, with these variables; resolves to the URL of its REST API. */
export async function startBuiltServe(
  env: Readonly<Record<string, string>>,
  options: readonly string[] = [],
) {
  const program = process.env['BENCH_PROGRAM'] ?? 'dist/cli.js';
  const child = spawn(process.execPath, [program, 'serve', '--port', '0', ...options], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  for await (const line of createInterface({ input: child.stderr })) {
    const { message, rest } = logLine.parse(JSON.parse(line));
    if (message !== 'listening' || rest === undefined) continue;
    child.stderr.resume();
    return { child, restURL: rest };
  }
  throw new Error('serve did not start');
}

/** Ends a program as a service manager does. */
export async function stopChild(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill();
  await ended;
}

/** The error for a program that was not killed and has ended. */
export const earlyEndError = ({ exitCode, signalCode }: ChildProcess): Error =>
  new Error(`the program ended by itself: ${signalCode ?? exitCode}`);

/** Ends a program with SIGKILL. Rejects if it has ended by itself. */
export async function killChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) {
    if (child.killed) return;
    throw earlyEndError(child);
  }
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
