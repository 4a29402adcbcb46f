import { readlinkSync } from 'node:fs';
import { sql } from 'kysely';
import type { Clock, MachineClock } from '../../shared/clock.ts';
import type { Log } from '../../shared/log.ts';
import { capabilitiesOf } from './capabilities.ts';
import { isActive } from './run-filters.ts';
import type { Database } from './schema.ts';

/** The clock that all processes on one database share, so that they agree on leases and deadlines. */
export interface SharedClock extends Clock {
  /** How many milliseconds the clock of this machine is ahead; negative: behind. */
  skewMs(): number;
  /** Corrects the clock if it may be wrong: another process set it, or the machine slept. */
  synchronize(): Promise<void>;
}

/** What the shared clock showed when the machine's `elapsed` was `atElapsed`. */
interface Reading {
  readonly timeMs: number;
  readonly atElapsed: number;
  readonly uncertaintyMs: number;
}

/** How often to ask a server; a row of a local file is read every time. */
const readServerEveryMs = 10_000;

/** Clocks that differ by less count as equal. */
const toleranceMs = 1000;

/** The system counts its uptime in hundredths of a second. */
const uptimeUncertaintyMs = 20;

/** Where there are many machines, their common clock is the database server's. */
async function readServerClock(db: Database, clock: MachineClock): Promise<Reading> {
  const before = clock.elapsed();
  const query = sql<{ time: number }>`
    select cast(extract(epoch from clock_timestamp()) * 1000 as double precision) as time`;
  const { rows } = await query.execute(db);
  const after = clock.elapsed();
  const [row] = rows;
  if (row === undefined) throw new Error('the database does not report its time');
  return {
    timeMs: row.time,
    atElapsed: (before + after) / 2,
    uncertaintyMs: (after - before) / 2 + 1,
  };
}

/** Tells containers apart that may count their own uptime; empty where there are none. */
function containerName(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

/** What the machine's clock showed when it started, as stored; undefined: no process has stored it. */
async function storedStart(db: Database, container: string): Promise<number | undefined> {
  const row = await db
    .selectFrom('clocks')
    .select('started_at_ms')
    .where('container', '=', container)
    .executeTakeFirst();
  return row?.started_at_ms;
}

/**
 * Stores the start of the machine. A stored one changes only while no run is active, so that setting
 * the time neither expires a run nor prolongs it, or if an active run is from the future, which means
 * that the machine has been started again.
 */
async function storeStart(db: Database, container: string, startMs: number, uptimeMs: number) {
  const latest = sql<number | null>`(select max(created_at) * 1000 from runs where ${isActive})`;
  const isOutdated = sql<boolean>`coalesce(${latest} > clocks.started_at_ms + ${uptimeMs} + ${toleranceMs}, true)`;
  const started_at_ms = sql<number>`case when ${isOutdated} then ${startMs} else clocks.started_at_ms end`;
  await db
    .insertInto('clocks')
    .values({ container, started_at_ms: startMs })
    .onConflict((conflict) => conflict.column('container').doUpdateSet({ started_at_ms }))
    .execute();
}

/** On one machine the common clock is its uptime, which nobody can set, after a stored start. */
async function readUptimeClock(
  db: Database,
  clock: MachineClock,
  container: string,
  mayStore: boolean,
): Promise<Reading> {
  const uptimeMs = clock.uptime();
  const atElapsed = clock.elapsed();
  const startMs = Math.round(clock.now() - uptimeMs);
  let stored = await storedStart(db, container);
  if (mayStore && (stored === undefined || Math.abs(stored - startMs) > toleranceMs)) {
    await storeStart(db, container, startMs, uptimeMs);
    stored = await storedStart(db, container);
  }
  const timeMs = (stored ?? startMs) + uptimeMs;
  return { timeMs, atElapsed, uncertaintyMs: uptimeUncertaintyMs };
}

const isMachineClock = (clock: Clock): clock is MachineClock => 'uptime' in clock;

/**
 * Opens the clock that the processes on `db` share: on PostgreSQL the server's, on SQLite the
 * machine's, as if nobody had set it. A clock that cannot be set is returned as it is. Rejects when
 * the database does.
 */
export async function openSharedClock(db: Database, clock: Clock, log: Log): Promise<SharedClock> {
  if (!isMachineClock(clock)) {
    return { ...clock, skewMs: () => 0, synchronize: () => Promise.resolve() };
  }
  const isLocal = capabilitiesOf(db) === null;
  // A process never leaves its container, and this is asked before each run.
  const container = containerName();
  const read = (mayStore: boolean) =>
    isLocal ? readUptimeClock(db, clock, container, mayStore) : readServerClock(db, clock);
  const timeOf = ({ timeMs, atElapsed }: Reading) => timeMs + clock.elapsed() - atElapsed;
  /** Changes only when somebody sets the time, and when the machine sleeps. */
  const processStart = () => clock.now() - clock.elapsed();
  let reading = await read(false);
  let synchronized: { readonly atElapsed: number; readonly processStart: number } | null = null;
  let loggedSkewMs = 0;
  const isDue = () =>
    isLocal ||
    synchronized === null ||
    clock.elapsed() - synchronized.atElapsed >= readServerEveryMs ||
    Math.abs(processStart() - synchronized.processStart) > toleranceMs;
  const isBetter = (latest: Reading) =>
    latest.uncertaintyMs < reading.uncertaintyMs ||
    Math.abs(timeOf(latest) - timeOf(reading)) > latest.uncertaintyMs + reading.uncertaintyMs;
  const skewMs = () => Math.round(clock.now() - timeOf(reading));
  const logSkew = () => {
    if (Math.abs(skewMs() - loggedSkewMs) <= toleranceMs) return;
    loggedSkewMs = skewMs();
    const fields = { skew_ms: loggedSkewMs };
    log.warn('the clock of this machine differs from the one that times the runs', fields);
  };
  logSkew();
  return {
    now: () => Math.floor(timeOf(reading)),
    sleep: (ms, signal) => clock.sleep(ms, signal),
    skewMs,
    async synchronize() {
      if (!isDue()) return;
      const latest = await read(true);
      synchronized = { atElapsed: clock.elapsed(), processStart: processStart() };
      if (isBetter(latest)) reading = latest;
      logSkew();
    },
  };
}
