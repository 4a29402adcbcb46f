import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import * as z from 'zod';
import manifest from '../package.json' with { type: 'json' };
import { serverTable } from './support/model-servers/table.ts';
import { fill, optionSections, serverEntry, toolTable } from './support/generated-docs.ts';

// `npm run docs` rewrites all four files.

test('the table of docs/tools.md is generated from the tools', async () => {
  const text = await readFile('docs/tools.md', 'utf8');
  await expect(fill(text, 'tools', toolTable())).toMatchFileSnapshot('../docs/tools.md');
});

test('the tables of docs/options.md are generated from the options', async () => {
  const text = await readFile('docs/options.md', 'utf8');
  await expect(fill(text, 'options', optionSections())).toMatchFileSnapshot('../docs/options.md');
});

test('the table of servers in docs/models.md is generated from their fakes', async () => {
  const text = await readFile('docs/models.md', 'utf8');
  await expect(fill(text, 'servers', await serverTable())).toMatchFileSnapshot('../docs/models.md');
});

test('server.json is generated from package.json and the options', async () => {
  const entry = serverEntry();
  await expect(`${JSON.stringify(entry, null, 2)}\n`).toMatchFileSnapshot('../server.json');
});

/** What the MCP registry accepts for an npm package, without the fields that are not used here. */
const registryEntry = z.strictObject({
  $schema: z.url(),
  name: z.string().regex(/^[a-zA-Z0-9.-]+\/[a-zA-Z0-9._-]+$/u),
  title: z.string().min(1).max(100),
  description: z.string().min(1).max(100),
  version: z.string().regex(/^\d+\.\d+\.\d+$/u),
  packages: z.array(
    z.strictObject({
      registryType: z.literal('npm'),
      identifier: z.string(),
      version: z.string().regex(/^\d+\.\d+\.\d+$/u),
      transport: z.strictObject({ type: z.literal('stdio') }),
      environmentVariables: z.array(
        z.strictObject({
          name: z.string().regex(/^[A-Z][A-Z_]+$/u),
          description: z.string(),
          isRequired: z.boolean(),
          isSecret: z.boolean(),
          format: z.enum(['string', 'number', 'boolean', 'filepath']),
          choices: z.array(z.string()).optional(),
          default: z.string().optional(),
        }),
      ),
    }),
  ),
});

test('server.json keeps the rules of the MCP registry', async () => {
  const entry = registryEntry.parse(JSON.parse(await readFile('server.json', 'utf8')));
  expect(entry.name).toBe(manifest.mcpName);
  const environmentVariables = entry.packages.flatMap((one) => one.environmentVariables);
  const variable = (name: string) => environmentVariables.find((one) => one.name === name);
  expect(variable('ASSISTANTS_DATABASE')).toMatchObject({ isSecret: true });
  expect(variable('ASSISTANTS_CONCURRENCY')).toMatchObject({ format: 'number', default: '16' });
  expect(variable('ASSISTANTS_READ_ONLY')).toMatchObject({ format: 'boolean', default: 'false' });
  const wrong = environmentVariables.filter(
    ({ default: value = '', choices = [value] }) => !choices.includes(value),
  );
  expect(wrong).toEqual([]);
});

test('every npm script that the README names exists', async () => {
  const readme = await readFile('README.md', 'utf8');
  const named = [...readme.matchAll(/npm (?:run )?(?!ci\b)([a-z]+)/gu)].flatMap(
    ([, name]) => name ?? [],
  );
  expect(named.length).toBeGreaterThan(0);
  expect(named.filter((name) => !Object.hasOwn(manifest.scripts, name))).toEqual([]);
});

test('every promise in SECURITY.md names a test that exists', async () => {
  const security = await readFile('SECURITY.md', 'utf8');
  const rows = [...security.matchAll(/^\| ([^|]+) \| `([^`]+)` \| ([^|]+) \|$/gmu)];
  expect(rows.length).toBeGreaterThan(40);
  const missing = [];
  for (const [, promise, file = '', name = ''] of rows) {
    const source = await readFile(file, 'utf8').catch(() => '');
    if (!source.includes(name)) missing.push(promise);
  }
  expect(missing).toEqual([]);
});

test('the Inspector is started on a database in memory', async () => {
  const texts = await Promise.all(
    ['README.md', 'docs/hosts.md'].map((file) => readFile(file, 'utf8')),
  );
  const lines = texts.flatMap((text) => text.split('\n'));
  const commands = lines.filter((line) => /npx @modelcontextprotocol\/inspector/u.test(line));
  expect(commands.length).toBeGreaterThan(1);
  expect(commands.filter((line) => !line.includes('--database :memory:'))).toEqual([]);
});
