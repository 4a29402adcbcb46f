import { type ChildProcess, fork } from 'node:child_process';
import { Socket } from 'node:net';
import { constants, setPriority } from 'node:os';
import { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { dirname } from 'node:path';
import { readFrames } from './frames.ts';
import { limitSignals, maxSeconds } from './process-guard.ts';

/** V8's own limit, in MiB; the process guard's also counts what is outside of its heap. */
const maxHeapMiB = 400;

/** How a process ends whose heap is full: by signal, or by exit code where there are no signals. */
const outOfMemory: ReadonlySet<unknown> = new Set([
  limitSignals.memory,
  'SIGABRT',
  134,
  3_221_226_505,
]);

/** From outside, before the process could ignore them. */
const interruptions: ReadonlySet<unknown> = new Set(['SIGINT', 'SIGTERM', 'SIGHUP']);

/** Why a process ended. */
export type ProcessEnd =
  /** Because of its file: why that could not be parsed, as a clause. */
  | { readonly reason: string }
  /** It did not start, or was interrupted: the file can be tried again. */
  | { readonly error: Error };

function toEnd(code: number | null, signal: NodeJS.Signals | null): ProcessEnd {
  if (interruptions.has(signal)) return { error: new Error(`the process was ended by ${signal}`) };
  if (signal === limitSignals.time) {
    return { reason: `reading it takes more than ${maxSeconds} seconds` };
  }
  return outOfMemory.has(signal ?? code)
    ? { reason: 'reading it takes too much memory' }
    : { reason: 'its parser stopped unexpectedly' };
}

/** A process of the program `extract-process`. */
export interface ExtractionProcess {
  readonly frames: AsyncGenerator<Buffer>;
  /** Resolves when the process can take more; at once if it has ended. */
  send(frame: Uint8Array): Promise<void>;
  /** Calls back when the process ends, at once if it has; returns what stops that. */
  onEnd(listener: (end: ProcessEnd) => void): () => void;
  kill(): void;
  /** Lets this program end although the process runs, or not. */
  keepAlive(isNeeded: boolean): void;
}

/** The program may read its own code, and nothing else. */
function permissions(program: string): string[] {
  const readable = program.endsWith('.ts') ? '*' : `${dirname(program)}/*`;
  return ['--permission', `--allow-fs-read=${readable}`, '--allow-worker'];
}

function lowerPriority({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // It has ended, or the system does not allow it.
  }
}

/**
 * Starts a process that reads files. It has no environment, so it knows no keys, and may read no files
 * but its own code. `caller` is an `import.meta.url`: the program is beside that file, built or not.
 */
export function startExtractionProcess(caller: string): ExtractionProcess {
  const program = fileURLToPath(
    new URL(`extract-process${caller.endsWith('.ts') ? '.ts' : '.js'}`, caller),
  );
  const child = fork(program, {
    execArgv: [`--max-old-space-size=${maxHeapMiB}`, ...permissions(program)],
    env: {},
    stdio: ['pipe', 'ignore', 'ignore', 'pipe', 'ipc'],
  });
  const listeners = new Set<(end: ProcessEnd) => void>();
  let ended: ProcessEnd | null = null;
  const finish = (end: ProcessEnd) => {
    ended ??= end;
    for (const listener of listeners) listener(ended);
    listeners.clear();
  };
  child.on('error', (error) => finish({ error }));
  child.once('exit', (code, signal) => finish(toEnd(code, signal)));
  lowerPriority(child);
  // Its channel for messages is not used.
  child.channel?.unref();
  const { stdin } = child;
  // Undefined where the process did not start.
  const stdout: unknown = child.stdio?.[3];
  if (!(stdin instanceof Writable) || !(stdout instanceof Readable)) {
    throw new Error('the process has no pipes');
  }
  // A process that has ended says why when it ends.
  stdin.on('error', () => {});
  return {
    frames: readFrames(stdout),
    onEnd(listener) {
      if (ended !== null) listener(ended);
      else listeners.add(listener);
      return () => listeners.delete(listener);
    },
    send: async (frame) => {
      if (stdin.write(frame) || stdin.destroyed) return;
      // It is destroyed when the process ends.
      const { promise, resolve } = Promise.withResolvers<void>();
      stdin.once('drain', resolve).once('close', resolve);
      await promise;
      stdin.off('drain', resolve).off('close', resolve);
    },
    kill: () => void child.kill('SIGKILL'),
    keepAlive(isNeeded) {
      if (isNeeded) child.ref();
      else child.unref();
      for (const pipe of [stdin, stdout]) {
        if (!(pipe instanceof Socket)) continue;
        if (isNeeded) pipe.ref();
        else pipe.unref();
      }
    },
  };
}
