import { boolean, check, nat, property, record, string } from 'fast-check';
import { expect, test } from 'vitest';
import { formatTaskId, parseTaskId } from '../../src/tools/run-task.ts';

const pathId = string({ unit: 'binary', minLength: 1, maxLength: 40 }).filter(
  (id) => id !== '.' && id !== '..' && id.isWellFormed(),
);

const key = record({
  threadId: pathId,
  runId: pathId,
  createdAtMs: nat({ max: 8_640_000_000_000_000 }),
  isVerbose: boolean(),
});

test('the id of a task names thread and run, whatever their ids are, in characters of a header', () => {
  const isRestored = property(key, (task) => {
    const id = formatTaskId(task);
    if (id === null) return true;
    return (
      /^[\w\-.!~*'()%/]+$/u.test(id) && JSON.stringify(parseTaskId(id)) === JSON.stringify(task)
    );
  });
  expect(check(isRestored)).toMatchObject({ failed: false, counterexample: null });
});

test('no other text is the id of a task', () => {
  const isOwn = property(string({ unit: 'binary' }), (text) => {
    const parsed = parseTaskId(text);
    return parsed === null || formatTaskId(parsed) === text;
  });
  expect(check(isOwn)).toMatchObject({ failed: false, counterexample: null });
});

test.each([
  '',
  'run_a',
  'thread_a/run_a',
  'thread_a/run_a/',
  'thread_a/run_a/-1',
  'thread_a/run_a/mx1bxhiw/verbose/x',
  'thread_a/run_a/mx1bxhiw/x',
  'thread_a/run_a/mx1bxhiw/',
  'thread_a/run_a/MX1BXHIW',
  'thread_a/run_a/zzzzzzzzzzzz',
  '../run_a/mx1bxhiw',
  '%2e%2e/run_a/mx1bxhiw',
  'thread_a/%/mx1bxhiw',
  'thread_a/%72un_a/mx1bxhiw',
  'thread_a//mx1bxhiw',
  `${'t'.repeat(1000)}/run_a/mx1bxhiw`,
])('%j is not the id of a task', (text) => {
  expect(parseTaskId(text)).toBeNull();
});

test('a run whose ids are too long for an id has no task', () => {
  const task = { threadId: 't'.repeat(990), runId: 'r', createdAtMs: 1, isVerbose: false };
  expect(formatTaskId(task)).toHaveLength(994);
  expect(formatTaskId({ ...task, runId: 'r'.repeat(10) })).toBeNull();
});
