import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { programs } from '../../revive/programs.ts';
import { describeProgram, readRows, updatePage } from '../../revive/table.ts';
import { toReason } from '../../revive/trial.ts';

const folder = new URL('../../revive/drivers/', import.meta.url);
/** Modules that drivers share. */
const shared = ['assistant.mjs', 'conversation.mjs', 'database.mjs'];

test('every program has exact versions, and a driver that exists', () => {
  const versions = programs.flatMap(({ version, needs = {}, overrides = {} }) => [
    version,
    ...Object.values(needs),
    ...Object.values(overrides),
  ]);
  expect(versions.filter((version) => !/^\d+\.\d+[\w.-]*$/u.test(version))).toEqual([]);
  const drivers = programs.map(({ driver: [file] }) => file);
  expect(drivers.filter((file) => !existsSync(new URL(file, folder)))).toEqual([]);
  const unused = readdirSync(folder).filter((file) => !drivers.includes(file));
  expect(unused.toSorted()).toEqual(shared);
});

test('programs that share a folder need the same packages', () => {
  const needs = new Map<string, string>();
  for (const program of programs) {
    const packages = JSON.stringify([program.needs, program.overrides]);
    const name = `${program.name}@${program.version}`;
    expect([name, needs.get(name) ?? packages]).toEqual([name, packages]);
    needs.set(name, packages);
  }
});

const page = await readFile('docs/clients.md', 'utf8');

test('the table of docs/clients.md has exactly one row for each program', () => {
  const described = readRows(page).map((cells) => cells.slice(0, -1));
  expect(described).toEqual(programs.map((program) => describeProgram(program)));
});

test('at least twenty programs pass, says docs/clients.md', () => {
  const passing = readRows(page).filter((cells) => cells.at(-1) === 'yes');
  expect(new Set(passing.map(([name, version]) => `${name} ${version}`)).size).toBeGreaterThan(19);
});

const resultsOf = (text: string) => readRows(text).map((cells) => cells.at(-1));

test('a trial changes the row of its program only', () => {
  const [first, second] = programs;
  if (first === undefined || second === undefined) throw new Error('there are no programs');
  const before = updatePage(page, programs, [
    { program: first, failure: null },
    { program: second, failure: 'Error: no' },
  ]);
  const after = updatePage(before, programs, [{ program: second, failure: null }]);
  expect(resultsOf(before).slice(0, 2)).toEqual(['yes', 'no: Error: no']);
  expect(resultsOf(after)).toEqual(resultsOf(before).with(1, 'yes'));
  const empty = '<!-- programs -->\n<!-- /programs -->\n';
  expect(resultsOf(updatePage(empty, [first], []))).toEqual(['not tried']);
});

test('the reason of a failure is the first error of the driver', () => {
  const stderr = 'file:///driver.mjs:3\n    throw error;\n\nNotFoundError: 404 a|b\n    at x\n';
  expect(toReason({ stderr, killed: false })).toBe('NotFoundError: 404 a/b');
  expect(toReason({ stderr: '', killed: true })).toBe('It did not end in time.');
  expect(toReason(new Error('npm failed'))).toBe('Error: npm failed');
});
