import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { isExpected, scoreCalls } from '../../eval/score.ts';
import { tasks } from '../../eval/tasks.ts';
import { findTool } from '../../src/tools/registry.ts';
import { selectTools } from '../support/mcp.ts';

const run = promisify(execFile);
const program = ['eval/run.ts'];

test('the smoke test asks a scripted model over HTTP and finds 40 right calls', async () => {
  const { stdout } = await run(process.execPath, [...program, '--smoke']);
  expect(stdout).toContain(' 1  right            create_thread_and_run\n');
  expect(stdout).toMatch(/\n40 of 40 calls are right\.\n$/u);
});

test('without a model it says what it needs', async () => {
  await expect(run(process.execPath, program)).rejects.toMatchObject({
    code: 2,
    stderr: 'npm run eval needs --model NAME, or --smoke.\n',
  });
});

test('there are 40 different tasks, for existing tools and parameters', () => {
  expect(new Set(tasks.map(({ words }) => words)).size).toBe(40);
  for (const { tool, args } of tasks) {
    expect(Object.keys(findTool(tool).input.shape)).toEqual(
      expect.arrayContaining(Object.keys(args)),
    );
  }
  const asked = new Set(tasks.map(({ tool }) => tool));
  expect([...asked].toSorted()).toEqual(
    selectTools()
      .map(({ name }) => name)
      .toSorted(),
  );
});

describe('a call is scored', () => {
  const task = { words: '', tool: 'get_run', args: { run_id: 'run_a', note: /snow/u } };
  const right = { run_id: 'run_a', note: 'It snows.', wait_seconds: 5 };

  test.each([
    ['right', [{ tool: 'get_run', args: right }]],
    [
      'right',
      [
        { tool: 'get_run', args: right },
        { tool: 'list_runs', args: {} },
      ],
    ],
    ['wrong arguments', [{ tool: 'get_run', args: { ...right, run_id: 'run_b' } }]],
    ['wrong arguments', [{ tool: 'get_run', args: { ...right, note: 'It rains.' } }]],
    ['wrong arguments', [{ tool: 'get_run', args: null }]],
    ['wrong tool', [{ tool: 'list_runs', args: right }]],
    ['no call', []],
  ])('as %s', (score, calls) => {
    expect(scoreCalls(task, calls)).toBe(score);
  });

  test('lists have to be as long, and null is not absent', () => {
    expect(isExpected([1], [1, 2])).toBe(false);
    expect(isExpected({ a: null }, {})).toBe(false);
    expect(isExpected({ a: null }, { a: null })).toBe(true);
  });
});
