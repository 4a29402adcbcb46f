import { expect, test } from 'vitest';
import { runTaskCycles } from '../../chaos/tasks/cycles.ts';
import { startOverStdio } from '../../chaos/tasks/programs.ts';
import { temporaryFolder } from '../e2e/server.ts';

const timeoutMs = 120_000;

test(
  'tasks are completed with their result, and stored once, when the program is killed',
  async () => {
    const cycles = 4;
    const options = { cycles, programs: 2, seed: 3, endsLeases: true };
    const report = await runTaskCycles({ ...options, folder: temporaryFolder() });
    expect(report.violations).toEqual([]);
    expect(report).toMatchObject({ cycles, kills: report.tasks, completed: report.tasks });
    expect(report.tasks).toBeGreaterThan(cycles);
  },
  timeoutMs,
);

test('a request to a program that ended by itself fails', async () => {
  const program = await startOverStdio({ NODE_OPTIONS: '--require ./not-there.js' });
  const reason = 'the program ended by itself: 1';
  await expect(program.request('tools/list', {})).rejects.toThrow(reason);
  await expect(program.request('tools/list', {})).rejects.toThrow(reason);
  await expect(program.kill()).rejects.toThrow(reason);
});
