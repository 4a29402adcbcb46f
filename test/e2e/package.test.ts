import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import * as z from 'zod';
import manifest from '../../package.json' with { type: 'json' };
import { temporaryFolder } from './server.ts';

const shell = process.platform === 'win32';

const npm = (...args: string[]): string =>
  execFileSync('npm', [...args, '--ignore-scripts', '--offline'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    shell,
  });

const metafile = z.object({
  outputs: z.record(
    z.string(),
    z.object({
      imports: z.array(z.object({ path: z.string(), kind: z.string() })),
      inputs: z.record(z.string(), z.unknown()),
    }),
  ),
});
const { outputs } = metafile.parse(JSON.parse(readFileSync('dist/meta.json', 'utf8')));

/** A chunk and all chunks that it imports statically. */
function staticImports(chunk: string, seen = new Set<string>()): Set<string> {
  if (seen.has(chunk)) return seen;
  seen.add(chunk);
  for (const { path, kind } of outputs[chunk]?.imports ?? []) {
    if (kind === 'import-statement') staticImports(path, seen);
  }
  return seen;
}

const packagesIn = (chunks: Iterable<string>): Set<string> =>
  new Set(
    [...chunks].flatMap((chunk) =>
      Object.keys(outputs[chunk]?.inputs ?? {}).map(
        (file) =>
          /node_modules\/((?:@[^/]+\/)?[^/]+)/u.exec(file)?.[1] ?? file.replace(/\/[^/]*$/u, ''),
      ),
    ),
  );

const chunkWith = (source: string): string =>
  Object.keys(outputs).find((chunk) => source in (outputs[chunk]?.inputs ?? {})) ?? '';

test('initialize and tools/list load neither the SDK, the engine nor the HTTP server', () => {
  const packages = packagesIn([
    ...staticImports('dist/cli.js'),
    ...staticImports(chunkWith('src/cli/main.ts')),
  ]);
  expect([...packages]).toContain('@modelcontextprotocol/server');
  expect([...packages]).toContain('src/tools');
  const loadedOnDemand =
    /^(?:openai|@?hono|kysely|@modelcontextprotocol\/client|src\/(?:engine|server))/u;
  expect([...packages].filter((name) => loadedOnDemand.test(name))).toEqual([]);
});

test('what reads resources, renders prompts and writes skills is loaded on demand', () => {
  const start = staticImports(chunkWith('src/cli/main.ts'));
  const files = [...start].flatMap((chunk) => Object.keys(outputs[chunk]?.inputs ?? {}));
  expect(files).toContain('src/resources/templates.ts');
  const loadedOnDemand = [
    'src/resources/readers.ts',
    'src/resources/transcript.ts',
    'src/prompts/ask.ts',
    'src/skills/skills.ts',
    'src/skills/tool-loop.ts',
  ];
  expect(loadedOnDemand.map((file) => chunkWith(file) !== '')).not.toContain(false);
  expect(files.filter((file) => loadedOnDemand.includes(file))).toEqual([]);
});

test('the PostgreSQL driver is loaded only for PostgreSQL', () => {
  const packages = [...packagesIn(staticImports(chunkWith('src/engine/store/open.ts')))];
  expect(packages).toContain('kysely');
  expect(packages.filter((name) => name.startsWith('pg'))).toEqual([]);
  expect([...packagesIn([chunkWith('src/engine/store/postgres/open.ts')])]).toContain('pg');
});

test('the tokenizer is loaded on demand, in a thread of its own', () => {
  const engine = [...packagesIn(staticImports(chunkWith('src/engine/index.ts')))];
  expect(engine).toContain('src/engine/runs');
  expect(engine).not.toContain('gpt-tokenizer');
  expect([...packagesIn(Object.keys(outputs))]).toContain('gpt-tokenizer');
});

test('the bundle imports only Node modules', () => {
  expect(manifest).not.toHaveProperty('dependencies');
  const external = Object.values(outputs)
    .flatMap(({ imports }) => imports.map(({ path }) => path))
    .filter((path) => !path.startsWith('dist/') && !path.startsWith('node:'));
  expect([...new Set(external)].filter((path) => !builtinModules.includes(path))).toEqual([]);
});

test('LICENSES.txt has the licence of every bundled package', () => {
  const licences = readFileSync('dist/LICENSES.txt', 'utf8');
  const packages = [...packagesIn(Object.keys(outputs))].filter(
    (name) => name !== 'package.json' && !/^(?:src|absent:)/u.test(name),
  );
  expect(packages.filter((name) => !licences.includes(`${name} `))).toEqual([]);
  const texts = licences.split(/^-{80}$/mu);
  expect(texts.filter((text) => !/copyright/iu.test(text)).map((text) => text.trim())).toEqual([]);
});

test('the installed package has an assistants-mcp command', () => {
  const folder = temporaryFolder();
  const tarball = npm('pack', '--silent', '--pack-destination', folder).trim();
  npm('install', '--global', '--prefix', folder, join(folder, tarball));
  const bin = shell ? folder : join(folder, 'bin');
  const version = execFileSync(join(bin, 'assistants-mcp'), ['--version'], {
    encoding: 'utf8',
    env: { PATH: dirname(process.execPath) },
    shell,
  });
  expect(version).toBe(`${manifest.version}\n`);
});

test('the package contains the program, its documents and nothing else', () => {
  const [{ files }] = z
    .tuple([z.object({ files: z.array(z.object({ path: z.string() })) })])
    .parse(JSON.parse(npm('pack', '--dry-run', '--json')));
  const paths = files.map(({ path }) => path);
  const chunks = paths.filter((path) => /^dist\/[\w-]+\.js$/u.test(path));
  expect(chunks).toContain('dist/cli.js');
  expect(paths.filter((path) => !chunks.includes(path)).toSorted()).toEqual([
    'ARCHITECTURE.md',
    'CHANGELOG.md',
    'CONTRIBUTING.md',
    'LICENSE',
    'README.md',
    'SECURITY.md',
    'dist/LICENSES.txt',
    'dist/mcp-app.html',
    'dist/page/app.css',
    'dist/page/app.js',
    'dist/page/icon.svg',
    'dist/page/index.html',
    'dist/page/login.css',
    'dist/page/login.html',
    'dist/page/login.js',
    ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.\w+$/u.test(file))
      .map((file) => `docs/${file}`)
      .toSorted(),
    'package.json',
    'server.json',
  ]);
});
