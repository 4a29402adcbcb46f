// Kills the built program with SIGKILL while a client waits for a task, over stdio and HTTP, and starts
// it again. Checks that each task is completed with its result and that nothing is stored twice.
// Prints a report; exits with 1 on a violation. Options: --cycles 50, --programs 4, --seed 1.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runTaskCycles } from './cycles.ts';

const { values } = parseArgs({
  options: {
    cycles: { type: 'string', default: '50' },
    programs: { type: 'string', default: '4' },
    seed: { type: 'string', default: '1' },
  },
});

const folder = mkdtempSync(join(tmpdir(), 'assistants-mcp-tasks-'));
const startedAt = performance.now();
const report = await runTaskCycles({
  folder,
  cycles: Number(values.cycles),
  programs: Number(values.programs),
  seed: Number(values.seed),
  endsLeases: false,
  onCycle: (violations) => {
    for (const violation of violations) console.log(`  ${violation}`);
  },
});
rmSync(folder, { recursive: true, force: true });
const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
const { cycles, kills, killsOfActive, tasks, completed, violations } = report;
console.log(`\nTasks: ${cycles} cycles in ${seconds} s, seed ${values.seed}`);
console.log(`  ${kills} programs killed, ${killsOfActive} of them with an active run`);
console.log(`  ${tasks} tasks, ${completed} completed with the expected result`);
console.log(`  ${report.modelCalls} model calls, ${report.repeatedCalls} of them repeated`);
console.log(`  ${violations.length} violations`);
process.exitCode = violations.length > 0 || completed < tasks || killsOfActive === 0 ? 1 : 0;
