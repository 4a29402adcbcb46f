// Kills server processes at random moments, on SQLite and, where ASSISTANTS_TEST_POSTGRES names a
// server, on PostgreSQL, and checks after each time that nothing is lost and nothing doubled. Prints
// its figures; exits with 1 when anything was violated. Options: --cycles 200 --seed 1
// --workers 2,4 --on sqlite,postgres --restart COMMAND, which is to restart the PostgreSQL server
// and is done in the middle of every tenth cycle.
import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Figures, wreakHavoc } from './cycles.ts';
import { createSchema } from './schema.ts';

const { values } = parseArgs({
  options: {
    cycles: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string', default: '2,4' },
    on: { type: 'string', default: 'sqlite,postgres' },
    restart: { type: 'string' },
  },
});

const folder = mkdtempSync(join(tmpdir(), 'assistants-mcp-chaos-'));
const server = process.env['ASSISTANTS_TEST_POSTGRES'];

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

const restart = (command: string) => () => {
  spawn(command, { shell: true, stdio: 'ignore' });
};

async function play(kind: string, database: string, workers: number): Promise<number> {
  const name = `${kind}, ${workers} processes, seed ${values.seed}`;
  const begun = performance.now();
  const isRestarting = kind === 'postgres' && values.restart !== undefined;
  const figures = await wreakHavoc({
    database,
    cycles: Number(values.cycles),
    workers,
    seed: Number(values.seed),
    log: join(folder, `${kind}-${workers}.log`),
    ...(isRestarting && { restart: restart(values.restart ?? '') }),
    onCycle: (cycle, faults) => {
      for (const fault of faults) console.log(`  cycle ${cycle}: ${fault}`);
      if ((cycle + 1) % 20 === 0) console.log(`  ${name}: ${cycle + 1} cycles`);
    },
  });
  print(name, figures, (performance.now() - begun) / 1000);
  return figures.violations.length;
}

let violations = 0;
for (const kind of values.on.split(',')) {
  for (const workers of values.workers.split(',').map(Number)) {
    if (kind === 'sqlite') {
      violations += await play(kind, join(folder, `${workers}.db`), workers);
    } else if (server === undefined) {
      console.log('PostgreSQL is left out: ASSISTANTS_TEST_POSTGRES is not set');
    } else {
      const schema = await createSchema(server);
      violations += await play(kind, schema.url, workers);
      await schema.drop();
    }
  }
}
console.log(`\nWhat the processes said is in ${folder}`);
process.exitCode = violations > 0 ? 1 : 0;
