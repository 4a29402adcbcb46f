// Kills server processes at random moments, on SQLite, on PostgreSQL, and on a PostgreSQL that is
// itself restarted and killed, and checks after each time that nothing is lost and nothing doubled.
// Prints its figures; exits with 1 when anything was violated. Options: --cycles 100 --seed 1
// --workers 2,4 --on sqlite,postgres,restarts. PostgreSQL is the server that ASSISTANTS_TEST_POSTGRES
// names, or one that is started for this; the one to be restarted always is.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Figures, wreakHavoc } from './cycles.ts';
import { createPlace, type Kind, kinds, whyNoPlace } from './place.ts';

const { values } = parseArgs({
  options: {
    cycles: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string', default: '2,4' },
    on: { type: 'string', default: kinds.join(',') },
  },
});

const server = process.env['ASSISTANTS_TEST_POSTGRES'] ?? null;

const list = (counts: Readonly<Record<string, number>>) =>
  Object.entries(counts)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');

function print(name: string, figures: Figures, seconds: number): void {
  console.log(`\n${name}: ${figures.cycles} cycles in ${seconds.toFixed(0)} s`);
  console.log(`  ${figures.kills} processes killed, ${figures.runs} runs: ${list(figures.ended)}`);
  console.log(`  live at the moment of a kill: ${list(figures.struck)}`);
  console.log(`  ${figures.modelCalls} model calls, ${figures.repeated} of them made again`);
  console.log(
    `  ${figures.restarts} restarts of the database, ${figures.violations.length} violations`,
  );
  for (const violation of figures.violations) console.log(`    ${violation}`);
}

async function play(kind: Kind, workers: number): Promise<number> {
  const name = `${kind}, ${workers} processes, seed ${values.seed}`;
  const folder = mkdtempSync(join(tmpdir(), 'assistants-mcp-chaos-'));
  const place = await createPlace(kind, { folder, server });
  const begun = performance.now();
  try {
    const figures = await wreakHavoc({
      ...place,
      cycles: Number(values.cycles),
      workers,
      seed: Number(values.seed),
      log: join(folder, 'log'),
      onCycle: (cycle, faults) => {
        for (const fault of faults) console.log(`  cycle ${cycle}: ${fault}`);
        if ((cycle + 1) % 20 === 0) console.log(`  ${name}: ${cycle + 1} cycles`);
      },
    });
    print(name, figures, (performance.now() - begun) / 1000);
    console.log(`  what the processes said: ${join(folder, 'log')}`);
    return figures.violations.length;
  } finally {
    await place.remove();
  }
}

let violations = 0;
for (const kind of kinds.filter((name) => values.on.split(',').includes(name))) {
  const reason = whyNoPlace(kind, server);
  if (reason !== null) console.log(`\n${kind}: left out, since ${reason}`);
  else for (const workers of values.workers.split(',')) violations += await play(kind, +workers);
}
process.exitCode = violations > 0 ? 1 : 0;
