// Cold start and resident memory of the built server, against the least server of the same SDK,
// both bundled alike and started in turn. Exits with 1 when a limit is missed.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { median } from './median.ts';
import { type Measure, measure } from './session.ts';

const rounds = 30;
const maxRatio = 1.25;
const maxMemory = 5;

async function compare(folder: string) {
  const least = join(folder, 'one-tool.mjs');
  await build({
    entryPoints: ['bench/one-tool.ts'],
    outfile: least,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node22.18',
    minify: true,
  });
  const whole = resolve('dist/cli.js');
  const env = { ...process.env, ASSISTANTS_DATABASE: join(folder, 'bench.db') };
  await measure(whole, env, 'list_assistants');
  await measure(least, env);
  const results: { whole: Measure[]; least: Measure[] } = { whole: [], least: [] };
  for (let round = 0; round < rounds; round += 1) {
    results.least.push(await measure(least, env));
    results.whole.push(await measure(whole, env));
  }
  return results;
}

const folder = mkdtempSync(join(tmpdir(), 'assistants-mcp-bench-'));
const { whole, least } = await compare(folder).finally(() => rmSync(folder, { recursive: true }));
const start = [whole, least].map((runs) => median(runs.map((run) => run.start)));
const memory = [whole, least].map((runs) => median(runs.map((run) => run.memory)));
const [ours = 0, theirs = 0] = start;
const [ourMemory = 0, theirMemory = 0] = memory;
const ratio = ours / theirs;
const difference = ourMemory - theirMemory;

console.log(`Node ${process.version}, medians of ${rounds} starts each, in turn`);
console.log(`                         assistants-mcp   one tool`);
console.log(
  `start to initialize, ms  ${ours.toFixed(1).padStart(14)}${theirs.toFixed(1).padStart(11)}   ratio ${ratio.toFixed(2)} (at most ${maxRatio})`,
);
console.log(
  `memory before a call, MiB${ourMemory.toFixed(1).padStart(14)}${theirMemory.toFixed(1).padStart(11)}   difference ${difference.toFixed(1)} (at most ${maxMemory})`,
);
process.exitCode = ratio <= maxRatio && difference <= maxMemory ? 0 : 1;
