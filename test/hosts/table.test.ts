import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { hosts } from '../../hosts/hosts.ts';
import { describeHost, updatePage } from '../../hosts/table.ts';
import { readRows } from '../../revive/table.ts';

const page = await readFile('docs/hosts.md', 'utf8');
const rows = readRows(page, 'hosts');

test('the table of docs/hosts.md has exactly one row for each host', () => {
  expect(rows.map((cells) => cells.slice(0, -2))).toEqual(hosts.map((host) => describeHost(host)));
  expect(updatePage(page, hosts, [])).toBe(page);
});

test('every cell of the table says what a trial showed', () => {
  const cells = rows.flatMap((row) => row.slice(-2));
  expect(cells.filter((cell) => !/^(?:yes|no: .+|not tried|does not apply)$/u.test(cell))).toEqual(
    [],
  );
});

test('at least twelve hosts do the job over stdio and over HTTP, says docs/hosts.md', () => {
  const passing = rows.filter((row) => row.slice(-2).join() === 'yes,yes');
  expect(passing.length).toBeGreaterThanOrEqual(12);
});

test('every host has exact versions, and the drivers are used', () => {
  const versions = hosts.flatMap(({ version, needs = {} }) => [version, ...Object.values(needs)]);
  expect(versions.filter((version) => !/^\d+\.\d+[\w.-]*$/u.test(version))).toEqual([]);
  const setting = {
    folder: '/packages',
    home: '/home',
    stdio: { command: 'node', args: [], env: {} },
    http: { url: 'http://127.0.0.1:1/mcp', headers: {} },
    transport: 'stdio' as const,
    modelOrigin: 'http://127.0.0.1:2',
    job: { weather: 'windy' },
  };
  const words = hosts.flatMap((host) => host.launch(setting).command);
  const drivers = words.filter((word) => word.endsWith('.mjs'));
  expect(drivers.filter((file) => !existsSync(file))).toEqual([]);
  const unused = readdirSync(new URL('../../hosts/drivers/', import.meta.url)).filter(
    (file) => !drivers.some((driver) => driver.endsWith(`/${file}`)),
  );
  expect(unused.toSorted()).toEqual(['command-line.mjs', 'setting.mjs']);
});

const resultsOf = (text: string) => readRows(text, 'hosts').flatMap((row) => row.slice(-2));

test('a trial changes its cell only', () => {
  const [first, second] = hosts;
  if (first === undefined || second === undefined) throw new Error('there are no hosts');
  const empty = '<!-- hosts -->\n<!-- /hosts -->\n';
  const trials = [{ host: first, transport: 'stdio' as const, failure: null }];
  const before = updatePage(empty, [first, second], trials);
  const after = updatePage(
    before,
    [first, second],
    [{ host: second, transport: 'http' as const, failure: 'Error: no' }],
  );
  expect(resultsOf(before)).toEqual(['yes', 'not tried', 'not tried', 'not tried']);
  expect(resultsOf(after)).toEqual(['yes', 'not tried', 'not tried', 'no: Error: no']);
});
