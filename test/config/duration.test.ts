import { expect, test } from 'vitest';
import { readConfig } from '../../src/config/config.ts';

const read = (argv: readonly string[], env = {}) =>
  readConfig({ argv: ['prune', ...argv], env, platform: 'linux', home: '/home/ada' });

test.each([
  ['90s', 90],
  ['15m', 900],
  ['12h', 43_200],
  ['30d', 2_592_000],
  ['8w', 4_838_400],
])('%s are %i seconds', (text, olderThan) => {
  const config = { olderThan, dryRun: false };
  expect(read(['--older-than', text])).toMatchObject({ command: 'prune', config });
});

test('a dry run is a switch', () => {
  const config = { olderThan: 60, dryRun: true };
  expect(read(['--dry-run', '--older-than=1m'])).toMatchObject({ config });
});

test('nothing goes unless it is said what', () => {
  expect(read([])).toEqual({ problems: ['prune needs --older-than, such as --older-than 30d.'] });
  expect(read(['30d'])).toMatchObject({ problems: { 0: "Unexpected argument '30d'." } });
});

test.each(['0d', '30', 'd', '-1d', '1.5h', '30 d', '30D', '1y', '1e3s', '1234567s'])(
  '%s is no length of time',
  (text) => {
    expect(read([`--older-than=${text}`])).toEqual({
      problems: [
        `--older-than must be a number of seconds, minutes, hours, days or weeks such as 90s, 15m, 12h, 30d or 8w, not '${text}'.`,
      ],
    });
  },
);

test('a remote server prunes for itself', () => {
  expect(read(['--older-than', '1d', '--base-url', 'https://host.example/v1'])).toEqual({
    problems: ['prune works on a database of this machine: take --base-url away.'],
  });
});
