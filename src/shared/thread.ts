import { Worker } from 'node:worker_threads';

/**
 * Starts a program in a thread of its own, which keeps no process alive. `name` is the program's file
 * without its extension; it is next to the file at `caller`, an `import.meta.url`, built or not.
 */
export function startThread(name: string, caller: string, workerData?: unknown): Worker {
  const program = new URL(`${name}${caller.endsWith('.ts') ? '.ts' : '.js'}`, caller);
  // Nothing that it prints may reach this program's output.
  const thread = new Worker(program, { workerData, stdout: true, stderr: true });
  thread.unref();
  return thread;
}
