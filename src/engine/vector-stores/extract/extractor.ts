import type { Clock } from '../../../shared/clock.ts';
import type { Chunk } from '../chunking.ts';
import { type ExtractionProcess, startExtractionProcess } from './reading-child.ts';
import { ExtractionError, notParsed, tooLarge } from './extraction-error.ts';
import { type Answer, type FileHeader, toFrame, toJsonFrame } from './frames.ts';

/** A file to be read, and its content. */
export interface FileToRead extends FileHeader {
  readonly content: AsyncIterable<Uint8Array>;
}

/** Reads files in processes of their own, which parsers of hostile files can only harm themselves. */
export interface Extractor {
  /** The chunks of a file, some at a time. Throws an {@link ExtractionError} for a file that cannot be read. */
  extract(file: FileToRead, signal: AbortSignal): AsyncGenerator<readonly Chunk[]>;
  /** Ends the processes. */
  stop(): void;
}

/**
 * How long to wait for one file in all, without the time in which its chunks are stored. The process
 * itself limits its computing time; this is for one that does nothing.
 */
const maxReadingMs = 180_000;

/** Larger files would need more memory than the process may use. */
const maxContentBytes = 256 * 2 ** 20;

/** An idle process ends after this time. */
const maxIdleMs = 10_000;

/** A process ends after so many files, so that what parsers leave in memory does not add up. */
const maxFilesPerProcess = 100;

const pieceBytes = 65_536;

interface PooledProcess extends ExtractionProcess {
  files: number;
  /** Aborts when the process is used again. */
  idle: AbortController;
}

type Frame = IteratorResult<Buffer, unknown>;

/** One file in one process: what it waits for takes time that is limited. */
class Reading {
  readonly #child: PooledProcess;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  #remainingMs = maxReadingMs;

  constructor(child: PooledProcess, clock: Clock, signal: AbortSignal) {
    this.#child = child;
    this.#clock = clock;
    this.#signal = signal;
  }

  /** Waits for the process; throws when it ends, when the time is over or the signal aborts. */
  async wait<T>(step: Promise<T>): Promise<T> {
    const startedAt = this.#clock.now();
    const done = new AbortController();
    const timer = AbortSignal.any([done.signal, this.#signal]);
    const timeout = this.#clock.sleep(this.#remainingMs, timer).then((): never => {
      this.#signal.throwIfAborted();
      throw notParsed(`reading it takes longer than ${maxReadingMs / 1000} seconds`);
    });
    const crash = Promise.withResolvers<never>();
    const stopListening = this.#child.onEnd((end) =>
      crash.reject('error' in end ? end.error : notParsed(end.reason)),
    );
    // Only the first of them matters.
    for (const other of [timeout, crash.promise]) other.catch(() => {});
    try {
      return await Promise.race([step, timeout, crash.promise]);
    } finally {
      done.abort();
      stopListening();
      this.#remainingMs -= Math.max(0, this.#clock.now() - startedAt);
    }
  }

  async send({ content, filename, bytes, chunking }: FileToRead): Promise<void> {
    const send = (frame: Uint8Array) => this.wait(this.#child.send(frame));
    await send(toJsonFrame({ filename, bytes, chunking }));
    for await (const piece of content) {
      for (let start = 0; start < piece.length; start += pieceBytes) {
        await send(toFrame(piece.subarray(start, start + pieceBytes)));
      }
    }
  }

  async nextAnswer(): Promise<Answer> {
    const { value, done }: Frame = await this.wait(this.#child.frames.next());
    // The output ends when the process does, which says why.
    if (done === true) return this.wait(new Promise<never>(() => {}));
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own program wrote it
    return JSON.parse(value.toString()) as Answer;
  }
}

/** Creates an extractor; it starts no process before the first file. */
export function createExtractor(clock: Clock, caller = import.meta.url): Extractor {
  const idle = new Set<PooledProcess>();
  const busy = new Set<PooledProcess>();
  const start = (): PooledProcess => {
    const process = startExtractionProcess(caller);
    const child = { ...process, files: 0, idle: new AbortController() };
    child.onEnd(() => idle.delete(child));
    return child;
  };
  const take = (): PooledProcess => {
    const [waiting] = idle;
    const child = waiting ?? start();
    idle.delete(child);
    child.idle.abort();
    child.keepAlive(true);
    child.files += 1;
    busy.add(child);
    return child;
  };
  const giveBack = (child: PooledProcess, isUsable: boolean) => {
    busy.delete(child);
    child.keepAlive(false);
    if (!isUsable || child.files >= maxFilesPerProcess) return child.kill();
    idle.add(child);
    child.idle = new AbortController();
    const { signal } = child.idle;
    const endIfIdle = async () => {
      await clock.sleep(maxIdleMs, signal);
      if (!signal.aborted && idle.delete(child)) child.kill();
    };
    void endIfIdle();
  };
  return {
    async *extract(file, signal) {
      if (file.bytes > maxContentBytes) throw tooLarge();
      const child = take();
      let isUsable = false;
      try {
        const reading = new Reading(child, clock, signal);
        await reading.send(file);
        for (;;) {
          const answer = await reading.nextAnswer();
          if ('chunks' in answer) {
            yield answer.chunks;
            continue;
          }
          isUsable = true;
          if ('done' in answer) return;
          throw new ExtractionError(answer.error.code, answer.error.message);
        }
      } finally {
        giveBack(child, isUsable);
      }
    },
    stop() {
      for (const child of [...idle, ...busy]) child.kill();
      idle.clear();
    },
  };
}
