// The program of the thread that lease-keeper.ts starts. It opens the database only when the main
// thread is late for the first time.
import { parentPort, workerData } from 'node:worker_threads';
import type { Database } from '../store/schema.ts';
import type { LeaseReport } from './lease-keeper.ts';

/** The main thread renews a lease when half of it is left, this one when less than this is left. */
const renewBelow = 0.4;
const checksPerLease = 10;

const location = String(workerData);
let database: Promise<Database> | undefined;
let held: LeaseReport = { leases: [], now: 0, leaseMs: Infinity };
let receivedAt = 0;
let timer: NodeJS.Timeout | undefined;
let isRenewing = false;

async function open(): Promise<Database> {
  const { openDatabase } = await import('../store/open.ts');
  return openDatabase(location);
}

/** Renews the leases that are about to end, except those of runs past their deadline. */
async function renewLate(): Promise<void> {
  const { leases, leaseMs } = held;
  const now = held.now + performance.now() - receivedAt;
  const isLate = leases.some(({ until }) => until - now < leaseMs * renewBelow);
  if (!isLate || isRenewing) return;
  isRenewing = true;
  try {
    const { renewLeases } = await import('../store/leases.ts');
    const until = Math.floor(now + leaseMs);
    const current = leases.filter(({ deadline }) => deadline * 1000 > now);
    await renewLeases(
      await (database ??= open()),
      current.map(({ token }) => token),
      until,
    );
    // Unless the main thread has reported meanwhile.
    if (held.leases === leases)
      held = { ...held, leases: current.map((lease) => ({ ...lease, until })) };
  } catch {
    // The next check tries again, and the main thread logs what it meets itself.
    database = undefined;
  } finally {
    isRenewing = false;
  }
}

parentPort?.on('message', (report: LeaseReport) => {
  held = report;
  receivedAt = performance.now();
  clearInterval(timer);
  if (report.leases.length === 0) return;
  timer = setInterval(() => void renewLate(), report.leaseMs / checksPerLease);
});
