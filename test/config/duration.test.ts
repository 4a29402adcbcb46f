import { expect, test } from 'vitest';
import { problemsOf, read } from '../support/config.ts';

const prune = (...argv: string[]) => read({ argv: ['prune', ...argv] });
const pruneProblems = (...argv: string[]) => problemsOf({ argv: ['prune', ...argv] });

test.each([
  ['90s', 90],
  ['15m', 900],
  ['12h', 43_200],
  ['30d', 2_592_000],
  ['8w', 4_838_400],
])('parses %s as %i seconds', (text, olderThan) => {
  const config = { olderThan, dryRun: false };
  expect(prune('--older-than', text)).toMatchObject({ command: 'prune', config });
});

test('--dry-run is a switch of prune and import, and of no other command', () => {
  const config = { olderThan: 60, dryRun: true };
  expect(prune('--dry-run', '--older-than=1m')).toMatchObject({ config });
  const imported = read({ argv: ['import', '--dry-run', 'a.jsonl'] });
  expect(imported).toMatchObject({ config: { dryRun: true }, positionals: ['a.jsonl'] });
  expect(problemsOf({ argv: ['export', '--dry-run'] })).toEqual([
    '--dry-run has no effect without the import or prune command.',
  ]);
});

test('prune requires --older-than', () => {
  const sentence = 'prune needs --older-than, such as --older-than 30d.';
  expect(pruneProblems()).toEqual([sentence]);
  expect(pruneProblems('30d')).toEqual(["Unexpected argument '30d'.", sentence]);
});

test.each(['0d', '30', 'd', '-1d', '1.5h', '30 d', '30D', '1y', '1e3s', '1234567s'])(
  'rejects %s as a duration',
  (text) => {
    expect(pruneProblems(`--older-than=${text}`)).toEqual([
      `--older-than: '${text}' is not a duration such as 90s, 15m, 12h, 30d or 8w.`,
    ]);
  },
);

test('prune has no remote mode', () => {
  expect(pruneProblems('--older-than', '1d', '--base-url', 'https://host.example/v1')).toEqual([
    'prune cannot be used with --base-url; remove it.',
  ]);
});
