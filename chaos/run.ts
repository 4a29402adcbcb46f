// Kills server processes at random moments, or stops them for longer than their lease, on SQLite, on
// PostgreSQL, where their clocks disagree, and on a PostgreSQL that is itself restarted and killed.
// Checks after each cycle that nothing is lost or duplicated.
// Prints a report; exits with 1 on a violation. Options: --short (about two minutes, for CI), or
// --cycles 100 --seed 1 --workers 2,4 --on sqlite,postgres,restarts. PostgreSQL is the server that
// ASSISTANTS_TEST_POSTGRES names, or one started for this; `restarts` always starts its own.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { clocksUnavailable } from '../test/support/engine-process.ts';
import { type ChaosReport, runChaos } from './cycles.ts';
import {
  createChaosDatabase,
  type DatabaseKind,
  databaseKinds,
  unavailableReason,
} from './database.ts';

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    cycles: { type: 'string' },
    seed: { type: 'string' },
    workers: { type: 'string' },
    on: { type: 'string', default: databaseKinds.join(',') },
  },
});

const { short } = values;
const shortCycles = { sqlite: 5, postgres: 4, restarts: 3 } as const;
const seed = Number(values.seed ?? (short ? 7 : 1));
const workerCounts = (values.workers ?? (short ? '2' : '2,4')).split(',').map(Number);
const cyclesOn = (kind: DatabaseKind) => Number(values.cycles ?? (short ? shortCycles[kind] : 100));

/** Seconds; on SQLite all processes are on one machine and have one clock. */
const clocksAhead = [0, 0, 4, -4, 300, -660];

const server = process.env['ASSISTANTS_TEST_POSTGRES'] ?? null;

const list = (counts: Readonly<Record<string, number>>) =>
  Object.entries(counts)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');

function print(name: string, report: ChaosReport, seconds: number): void {
  console.log(`\n${name}: ${report.cycles} cycles in ${seconds.toFixed(0)} s`);
  const interruptions = `${report.kills} processes killed, ${report.stalls} stopped for a while`;
  console.log(`  ${interruptions}, ${report.runs} runs: ${list(report.ended)}`);
  console.log(`  active runs at the moment of a kill: ${list(report.activeAtKill)}`);
  console.log(`  ${report.modelCalls} model calls, ${report.repeatedCalls} of them repeated`);
  console.log(
    `  ${report.restarts} restarts of the database, ${report.violations.length} violations`,
  );
  for (const violation of report.violations) console.log(`    ${violation}`);
}

/** Reasons why a run proves nothing, such as too few kills. */
function findGaps(kind: DatabaseKind, report: ChaosReport): string[] {
  const { cycles, kills, stalls, restarts, runs, ended } = report;
  return [
    ...(kills + stalls + restarts < cycles ? ['fewer interruptions than cycles'] : []),
    ...((kind === 'restarts') === restarts > 0 ? [] : [`${restarts} restarts on ${kind}`]),
    ...(runs > 5 * cycles ? [] : ['too few runs']),
    ...((ended['completed'] ?? 0) > runs / 2 ? [] : ['too few completed runs']),
  ];
}

/** Resolves to the number of violations. */
async function runOn(kind: DatabaseKind, workers: number): Promise<number> {
  const name = `${kind}, ${workers} processes, seed ${seed}`;
  const folder = mkdtempSync(join(tmpdir(), 'assistants-mcp-chaos-'));
  const log = join(folder, 'log');
  const database = await createChaosDatabase(kind, { folder, server });
  const startedAt = performance.now();
  try {
    const report = await runChaos({
      ...database,
      clocksAhead: kind === 'sqlite' || clocksUnavailable() !== null ? [0] : clocksAhead,
      cycles: cyclesOn(kind),
      workers,
      seed,
      log,
      onCycle: (cycle, violations) => {
        for (const violation of violations) console.log(`  cycle ${cycle}: ${violation}`);
        if ((cycle + 1) % 20 === 0) console.log(`  ${name}: ${cycle + 1} cycles`);
      },
    });
    report.violations.push(...findGaps(kind, report));
    print(name, report, (performance.now() - startedAt) / 1000);
    console.log(`  log of the processes: ${log}`);
    return report.violations.length;
  } finally {
    await database.remove();
  }
}

let violations = 0;
for (const kind of databaseKinds.filter((name) => values.on.split(',').includes(name))) {
  const reason = unavailableReason(kind, server);
  if (reason !== null) console.log(`\n${kind}: skipped, since ${reason}`);
  else for (const workers of workerCounts) violations += await runOn(kind, workers);
}
console.log(violations === 0 ? '\nChaos: no violations.' : `\nChaos: ${violations} violations.`);
process.exitCode = violations > 0 ? 1 : 0;
