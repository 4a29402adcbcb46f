// Installs programs that use the Assistants API, unmodified, and tries each of them against the built
// `serve`. Writes their rows of the table in docs/clients.md. Exits with 1 if one fails.
// Options: --quick (the programs that install fast), or names of programs.
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { startModel } from './model.ts';
import type { Program, Trial } from './program.ts';
import { programs } from './programs.ts';
import { updatePage } from './table.ts';
import { tryProgram } from './trial.ts';

const page = 'docs/clients.md';

const { values, positionals: names } = parseArgs({
  options: { quick: { type: 'boolean', default: false } },
  allowPositionals: true,
});

const isWanted = ({ name, version, driver, isQuick = false }: Program): boolean =>
  names.length === 0
    ? !values.quick || isQuick
    : names.some((wanted) => [name, `${name}@${version}`, driver[0]].includes(wanted));

const wanted = programs.filter((program) => isWanted(program));
const trials: Trial[] = [];
const model = await startModel();
for (const program of wanted) {
  const startedAt = performance.now();
  const trial = await tryProgram(program, model);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const result = trial.failure === null ? 'pass' : `FAIL: ${trial.failure}`;
  console.log(
    `${program.name}@${program.version} (${program.driver.join(' ')}), ${seconds} s: ${result}`,
  );
  trials.push(trial);
}
model.close();

const failed = trials.filter(({ failure }) => failure !== null).length;
console.log(`${trials.length - failed} passed, ${failed} failed`);
writeFileSync(page, updatePage(readFileSync(page, 'utf8'), programs, trials));
if (failed > 0 || trials.length === 0) process.exitCode = 1;
