// Kills the built `serve` with SIGKILL while it reads the files of a vector store, and starts it again.
// Checks that every file is read once and whole. Prints a report; exits with 1 on a violation.
// Options: --cycles 50, --files 150, --seed 1.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runIngestionCycles } from './cycles.ts';

const { values } = parseArgs({
  options: {
    cycles: { type: 'string', default: '50' },
    files: { type: 'string', default: '150' },
    seed: { type: 'string', default: '1' },
  },
});

const folder = mkdtempSync(join(tmpdir(), 'assistants-mcp-ingestion-'));
const startedAt = performance.now();
const report = await runIngestionCycles({
  database: join(folder, 'database.sqlite'),
  cycles: Number(values.cycles),
  files: Number(values.files),
  seed: Number(values.seed),
});
rmSync(folder, { recursive: true, force: true });
const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
const { kills, killsWhileReading, files, completed, chunks, violations } = report;
for (const violation of violations) console.log(`  ${violation}`);
console.log(`\nIngestion: ${kills} kills in ${seconds} s, seed ${values.seed}`);
console.log(`  ${killsWhileReading} of them while files were being read`);
console.log(`  ${files} files, ${completed} completed, ${chunks} chunks`);
console.log(`  ${violations.length} violations`);
process.exitCode = violations.length > 0 || completed < files || killsWhileReading === 0 ? 1 : 0;
