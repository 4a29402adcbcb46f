import { describe, expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../../src/engine/store/open.ts';
import type { Database } from '../../../src/engine/store/schema.ts';
import { openSharedClock } from '../../../src/engine/store/shared-clock.ts';
import type { MachineClock } from '../../../src/shared/clock.ts';
import { createLog } from '../../../src/shared/log.ts';
import { createClock, start } from '../../support/clock.ts';
import { needPostgres, temporarySchema } from '../../support/postgres.ts';
import { temporary } from '../../support/temporary-files.ts';

const hourMs = 3_600_000;
const uptimeAtStart = 50_000_000;

/** A machine whose time a test can set, and any number of its processes. */
function createMachine() {
  const time = createClock();
  const logLines: string[] = [];
  let [offsetMs, sleptMs, bootedMs] = [0, 0, start - uptimeAtStart];
  const log = createLog({
    level: 'debug',
    secrets: [],
    now: () => time.now(),
    write: (line) => logLines.push(line),
  });
  const startProcess = (db: Database) => {
    const startedMs = time.now();
    const clock: MachineClock = {
      now: () => time.now() + sleptMs + offsetMs,
      elapsed: () => time.now() - startedMs,
      uptime: () => time.now() + sleptMs - bootedMs,
      sleep: (ms, signal) => time.sleep(ms, signal),
    };
    return openSharedClock(db, clock, log);
  };
  return {
    startProcess,
    logLines,
    advance: (ms: number) => time.advance(ms),
    setTime: (aheadMs: number) => void (offsetMs = aheadMs),
    sleep: (ms: number) => void (sleptMs += ms),
    restart: () => void (bootedMs = time.now() + sleptMs - 1000),
  };
}

async function open(location: string) {
  const db = await openDatabase(location);
  onTestFinished(() => db.destroy());
  return db;
}

async function startRun(db: Database, createdMs: number) {
  const created_at = Math.floor(createdMs / 1000);
  await db.insertInto('threads').values({ id: 'thread_1', created_at, body: '{}' }).execute();
  const run = { id: 'run_1', created_at, thread_id: 'thread_1', status: 'queued' as const };
  const json = { metadata: '{}', settings: '{}', state: '{}' };
  const lease = { lease_token: null, lease_until: null };
  await db
    .insertInto('runs')
    .values({ ...run, ...json, ...lease, deadline: created_at + 600 })
    .execute();
}

describe.each([hourMs, -hourMs])('SQLite, the time is set by %i ms', (jumpMs) => {
  test('while a run is active, the clock of all processes goes on as before', async () => {
    const machine = createMachine();
    const db = await open(temporary());
    const first = await machine.startProcess(db);
    await first.synchronize();
    await startRun(db, start);
    machine.setTime(jumpMs);
    const second = await machine.startProcess(db);
    await machine.advance(5000);
    for (const clock of [first, second]) {
      await clock.synchronize();
      expect(clock.now()).toBe(start + 5000);
      expect(clock.skewMs()).toBe(jumpMs);
    }
    expect(machine.logLines.map((line) => JSON.parse(line).skew_ms)).toEqual([jumpMs, jumpMs]);
  });

  test('once no run is active, the clock follows', async () => {
    const machine = createMachine();
    const db = await open(temporary());
    const [first, second] = [await machine.startProcess(db), await machine.startProcess(db)];
    await first.synchronize();
    machine.setTime(jumpMs);
    await first.synchronize();
    await second.synchronize();
    expect([first.now(), second.now()]).toEqual([start + jumpMs, start + jumpMs]);
    expect([first.skewMs(), second.skewMs()]).toEqual([0, 0]);
  });
});

describe('SQLite', () => {
  test('the clock counts the time in which the machine slept', async () => {
    const machine = createMachine();
    const db = await open(temporary());
    const clock = await machine.startProcess(db);
    await clock.synchronize();
    await startRun(db, start);
    machine.sleep(hourMs);
    await clock.synchronize();
    expect(clock.now()).toBe(start + hourMs);
    expect(clock.skewMs()).toBe(0);
  });

  test('after a restart of the machine with an active run the clock is right', async () => {
    const machine = createMachine();
    const db = await open(temporary());
    await (await machine.startProcess(db)).synchronize();
    await startRun(db, start);
    await machine.advance(5000);
    machine.restart();
    const clock = await machine.startProcess(db);
    await clock.synchronize();
    expect(clock.now()).toBe(start + 5000);
  });

  test('a process that only reads stores nothing', async () => {
    const db = await open(temporary());
    await createMachine().startProcess(db);
    expect(await db.selectFrom('clocks').selectAll().execute()).toEqual([]);
  });
});

describe('PostgreSQL', () => {
  test('processes on machines that disagree share the time of the server', async (context) => {
    needPostgres(context);
    const db = await open(await temporarySchema());
    const machine = createMachine();
    const ahead = createMachine();
    ahead.setTime(hourMs);
    const clocks = [await machine.startProcess(db), await ahead.startProcess(db)];
    const [one = NaN, other = NaN] = clocks.map((clock) => clock.now());
    expect(Math.abs(one - other)).toBeLessThan(60_000);
    const [skew = NaN, skewAhead = NaN] = clocks.map((clock) => clock.skewMs());
    expect(Math.abs(skewAhead - skew - hourMs)).toBeLessThan(60_000);
    expect(ahead.logLines.join()).toContain('the clock of this machine differs');
  });
});
