import type { Clock } from '../../shared/clock.ts';
import { errorMessage } from '../../shared/errors.ts';
import type { Ids } from '../../shared/ids.ts';
import type { Log } from '../../shared/log.ts';
import { createPollBackoff } from '../store/poll-backoff.ts';
import {
  hasUnreadFiles,
  leaseFile,
  releaseFile,
  renewFileLease,
  unreadFiles,
} from '../store/reading-leases.ts';
import type { Database } from '../store/schema.ts';
import type { SharedClock } from '../store/shared-clock.ts';
import { transact } from '../store/transaction.ts';
import type { StoreFileRow } from '../store/vector-store-files.ts';
import type { Extractor } from './extract/extractor.ts';
import { readStoreFile } from './read-store-file.ts';

/** What reads the files of vector stores. */
export interface IngestionDeps {
  readonly db: Database;
  readonly clock: SharedClock;
  readonly ids: Ids;
  readonly log: Log;
  /** How long a lease lasts without being renewed; 10 s by default. */
  readonly leaseMs?: number;
  /** By default, processes of this program. */
  readonly createExtractor?: (clock: Clock) => Extractor;
}

const defaultLeaseMs = 10_000;

/** Files that one process reads at once. They have a low priority, so that runs are not slower. */
const maxParallel = 2;

async function startExtractor(clock: Clock): Promise<Extractor> {
  const { createExtractor } = await import('./extract/extractor.ts');
  return createExtractor(clock);
}

/**
 * Reads the files of vector stores, with the database as the queue: it leases files, oldest first, and
 * stores their chunks. The files of a process that dies are read by another when their lease ends.
 */
export class FileIngestion {
  readonly #deps: IngestionDeps;
  readonly #leaseMs: number;
  /** Two of them may be of one file: it was added again while it was read. */
  readonly #reading = new Set<Promise<void>>();
  readonly #stopping = new AbortController();
  readonly #backoff = createPollBackoff(null);
  #extractor: Promise<Extractor> | null = null;
  #lastPass: Promise<void> = Promise.resolve();
  #loop: Promise<void> | null = null;
  #wakeup = new AbortController();

  constructor(deps: IngestionDeps) {
    this.#deps = deps;
    this.#leaseMs = deps.leaseMs ?? defaultLeaseMs;
  }

  start(): void {
    this.#loop ??= this.#pollUntilStopped();
  }

  /** Looks for files now; does nothing before `start`. */
  wake(): void {
    this.#backoff.reset();
    this.#wakeup.abort('wake');
  }

  /** Leases files for the free places; passes never overlap. */
  tick(): Promise<void> {
    const pass = this.#lastPass.then(() => this.#poll());
    this.#lastPass = pass.catch(() => {});
    return pass;
  }

  /** Resolves when this process reads no file. */
  async idle(): Promise<void> {
    while (this.#reading.size > 0) await Promise.all(this.#reading);
  }

  /** Stops reading; the files that are being read are handed back. */
  async stop(): Promise<void> {
    this.#stopping.abort('stop');
    this.wake();
    await this.#loop;
    await this.#lastPass;
    await this.idle();
    (await this.#extractor?.catch(() => null))?.stop();
  }

  async #pollUntilStopped(): Promise<void> {
    const { clock, log } = this.#deps;
    while (!this.#stopping.signal.aborted) {
      this.#wakeup = new AbortController();
      try {
        await this.tick();
      } catch (error) {
        log.error('looking for files to read failed', { error: errorMessage(error) });
      }
      await clock.sleep(this.#backoff.nextDelayMs(), this.#wakeup.signal);
    }
  }

  async #poll(): Promise<void> {
    const { db, clock, ids } = this.#deps;
    await clock.synchronize();
    const places = maxParallel - this.#reading.size;
    if (places <= 0 || this.#stopping.signal.aborted) return;
    if (!(await hasUnreadFiles(db, clock.now()))) return;
    const claim = async (transaction: Database) => {
      const leased: StoreFileRow[] = [];
      for (const row of await unreadFiles(transaction, clock.now(), places)) {
        const lease = {
          lease_token: ids.newId('lease_'),
          lease_until: clock.now() + this.#leaseMs,
        };
        leased.push(await leaseFile(transaction, row, lease));
      }
      return leased;
    };
    for (const row of await transact(db, claim, { asyncCommit: true })) this.#read(row);
  }

  #read(row: StoreFileRow): void {
    const reading = this.#readLeased(row)
      .catch((error: unknown) => {
        const { vector_store_id, file_id } = row;
        const fields = { vector_store_id, file_id, error: errorMessage(error) };
        this.#deps.log.error('file not read', fields);
      })
      .finally(() => {
        this.#reading.delete(reading);
        this.wake();
      });
    this.#reading.add(reading);
  }

  async #readLeased(row: StoreFileRow): Promise<void> {
    const { db, clock, log, createExtractor } = this.#deps;
    const lost = new AbortController();
    const done = new AbortController();
    const heartbeat = this.#renewUntil(row, done.signal, lost);
    const signal = AbortSignal.any([this.#stopping.signal, lost.signal]);
    this.#extractor ??= Promise.resolve(
      createExtractor === undefined ? startExtractor(clock) : createExtractor(clock),
    );
    try {
      await readStoreFile({ db, log, extractor: await this.#extractor, row, signal });
    } catch (error) {
      // Whoever has the lease now reads the file; after another error it is read when the lease ends.
      if (!lost.signal.aborted && this.#stopping.signal.aborted) await releaseFile(db, row);
      if (!signal.aborted) throw error;
    } finally {
      done.abort('done');
      await heartbeat;
    }
  }

  /** Renews a lease when half of it has passed; aborts `lost` when another process has the file. */
  async #renewUntil(row: StoreFileRow, done: AbortSignal, lost: AbortController): Promise<void> {
    const { db, clock, log } = this.#deps;
    while (!done.aborted) {
      await clock.sleep(this.#leaseMs / 2, done);
      if (done.aborted) return;
      try {
        await clock.synchronize();
        const until = clock.now() + this.#leaseMs;
        const isHeld = await transact(
          db,
          (transaction) => renewFileLease(transaction, row, until),
          { asyncCommit: true },
        );
        if (!isHeld) return lost.abort('lost');
      } catch (error) {
        log.warn('lease of a file not renewed', { error: errorMessage(error) });
      }
    }
  }
}
