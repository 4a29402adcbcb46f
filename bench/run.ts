// Cold start and resident memory of the built server, compared with the smallest server of the same
// SDK. Both are bundled alike and started alternately. Exits with 1 if a limit is missed.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'rolldown';
import { median } from './median.ts';
import { type Measure, measure } from './session.ts';

const rounds = 30;
const maxRatio = 1.15;
const maxExtraMiB = 5;

async function compare(folder: string) {
  const oneTool = join(folder, 'one-tool.mjs');
  await build({
    input: 'bench/one-tool.ts',
    platform: 'node',
    transform: { target: 'node22.18' },
    output: { file: oneTool, format: 'esm', minify: true, charset: 'ascii' },
  });
  const program = resolve('dist/cli.js');
  const env = { ...process.env, ASSISTANTS_DATABASE: join(folder, 'bench.db') };
  await measure(program, env, 'list_assistants');
  await measure(oneTool, env);
  const results: { program: Measure[]; oneTool: Measure[] } = { program: [], oneTool: [] };
  for (let round = 0; round < rounds; round += 1) {
    results.oneTool.push(await measure(oneTool, env));
    results.program.push(await measure(program, env));
  }
  return results;
}

const medians = (measures: readonly Measure[]) => ({
  startMs: median(measures.map(({ startMs }) => startMs)),
  memoryMiB: median(measures.map(({ memoryMiB }) => memoryMiB)),
});

const folder = mkdtempSync(join(tmpdir(), 'assistants-mcp-bench-'));
const results = await compare(folder).finally(() => rmSync(folder, { recursive: true }));
const [program, oneTool] = [medians(results.program), medians(results.oneTool)];
const ratio = program.startMs / oneTool.startMs;
const extraMiB = program.memoryMiB - oneTool.memoryMiB;

console.log(`Node ${process.version}, medians of ${rounds} alternating starts each`);
console.log(`                         assistants-mcp   one tool`);
console.log(
  `start to initialize, ms  ${program.startMs.toFixed(1).padStart(14)}${oneTool.startMs.toFixed(1).padStart(11)}   ratio ${ratio.toFixed(2)} (at most ${maxRatio})`,
);
console.log(
  `memory before a call, MiB${program.memoryMiB.toFixed(1).padStart(14)}${oneTool.memoryMiB.toFixed(1).padStart(11)}   difference ${extraMiB.toFixed(1)} (at most ${maxExtraMiB})`,
);
process.exitCode = ratio <= maxRatio && extraMiB <= maxExtraMiB ? 0 : 1;
