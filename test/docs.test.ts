import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import manifest from '../package.json' with { type: 'json' };
import { fill, optionTable, serverEntry, toolTable } from './support/generated-docs.ts';

// `npm run docs` writes both files anew.

test('the tables of the README are those of the code', async () => {
  const readme = await readFile('README.md', 'utf8');
  const filled = fill(fill(readme, 'tools', toolTable()), 'options', optionTable());
  await expect(filled).toMatchFileSnapshot('../README.md');
});

test('server.json says what the package and its options say', async () => {
  const entry = serverEntry();
  await expect(`${JSON.stringify(entry, null, 2)}\n`).toMatchFileSnapshot('../server.json');
  expect(entry.name).toMatch(/^[a-zA-Z0-9.-]+\/[a-zA-Z0-9._-]+$/u);
  expect(entry.description.length).toBeLessThanOrEqual(100);
});

test('the scripts that the README names exist', async () => {
  const readme = await readFile('README.md', 'utf8');
  const named = [...readme.matchAll(/npm (?:run )?(?!ci\b)([a-z]+)/gu)].flatMap(
    ([, name]) => name ?? [],
  );
  expect(named.length).toBeGreaterThan(0);
  expect(named.filter((name) => !Object.hasOwn(manifest.scripts, name))).toEqual([]);
});
