import { expect, test } from 'vitest';
import { createLog, type LogLevel, logLevels } from '../../src/shared/log.ts';

function setup(level: LogLevel, secrets: readonly string[] = []) {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  return { lines, log: createLog({ level, secrets, now: () => 1_790_000_000_000, write }) };
}

test('an entry is one line of JSON with time, level, message and fields', () => {
  const { lines, log } = setup('info');
  log.warn('Two\nlines.', { run_id: 'run_1', attempt: 2 });
  expect(lines).toEqual([
    '{"time":"2026-09-21T14:13:20.000Z","level":"warn","message":"Two\\nlines.","run_id":"run_1","attempt":2}\n',
  ]);
});

test.each(logLevels)('level %s drops less severe entries', (level) => {
  const { lines, log } = setup(level);
  for (const name of logLevels) log[name]('x');
  expect(lines).toHaveLength(logLevels.indexOf(level) + 1);
});

test('an error is written with its stack', () => {
  const { lines, log } = setup('error');
  log.error('Failed.', { error: new RangeError('too far') });
  expect(JSON.parse(lines.join(''))).toMatchObject({
    error: expect.stringMatching(/^RangeError: too far\n +at .*log\.test\.ts/u),
  });
});

test('secrets are redacted in messages and fields', () => {
  const { lines, log } = setup('info', ['my-own-secret-key-1']);
  log.info('Key my-own-secret-key-1.', {
    error: new Error('Incorrect key: sk-proj-abcdefgh12345678'),
  });
  const text = lines.join('');
  expect(text).toContain('Key [redacted].');
  expect(text).toContain('Incorrect key: [redacted]');
  expect(text).not.toMatch(/my-own-secret-key-1|abcdefgh/u);
});
