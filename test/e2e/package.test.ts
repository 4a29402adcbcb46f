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

const chunks = z
  .array(
    z.object({
      fileName: z.string(),
      inputs: z.array(z.string()),
      imports: z.array(z.string()),
      dynamicImports: z.array(z.string()),
    }),
  )
  .parse(JSON.parse(readFileSync('dist/meta.json', 'utf8')));

type Chunk = (typeof chunks)[number];

/** A chunk and all chunks that it imports statically. */
function staticImports(chunk: Chunk, seen = new Set<Chunk>()): Set<Chunk> {
  if (seen.has(chunk)) return seen;
  seen.add(chunk);
  for (const imported of chunks.filter(({ fileName }) => chunk.imports.includes(fileName))) {
    staticImports(imported, seen);
  }
  return seen;
}

const filesIn = (from: Iterable<Chunk>): string[] => [...from].flatMap(({ inputs }) => inputs);

const packagesIn = (from: Iterable<Chunk>): Set<string> =>
  new Set(
    filesIn(from).map(
      (file) =>
        /node_modules\/((?:@[^/]+\/)?[^/]+)/u.exec(file)?.[1] ?? file.replace(/\/[^/]*$/u, ''),
    ),
  );

function chunkWith(source: string): Chunk {
  const found = chunks.find(({ inputs }) => inputs.includes(source));
  if (found === undefined) throw new Error(`no chunk has ${source}`);
  return found;
}

const entry = chunkWith('src/cli.ts');
const startChunks = new Set(
  [entry, ...chunks.filter(({ fileName }) => entry.dynamicImports.includes(fileName))].flatMap(
    (chunk) => [...staticImports(chunk)],
  ),
);

const importedAtStart = [...startChunks].flatMap(({ imports }) => imports);

test('a start reads four files and no module of Node that loads many others', () => {
  expect([...startChunks].map(({ fileName }) => fileName.replace(/-[^-]+\.js$/u, '.js'))).toEqual([
    'cli.js',
    'main.js',
    'start.js',
    'rolldown-runtime.js',
  ]);
  expect(filesIn(startChunks)).toContain('src/cli/main.ts');
  const manyOthers = new Set(['crypto', 'fs', 'fs/promises', 'process', 'util', 'worker_threads']);
  expect(importedAtStart).toContain('node:path');
  expect(importedAtStart.filter((name) => manyOthers.has(name.replace('node:', '')))).toEqual([]);
});

test('SQLite is loaded after the log is open, because Node.js 22 prints a warning for it', () => {
  expect(chunks.flatMap(({ imports }) => imports)).toContain('node:sqlite');
  expect(importedAtStart).not.toContain('node:sqlite');
});

test('initialize and tools/list load neither the SDK, the engine nor the HTTP server', () => {
  const packages = packagesIn(startChunks);
  expect([...packages]).toContain('@modelcontextprotocol/server');
  expect([...packages]).toContain('src/tools');
  const loadedOnDemand =
    /^(?:openai|@?hono|kysely|@modelcontextprotocol\/client|src\/(?:engine|server))/u;
  expect([...packages].filter((name) => loadedOnDemand.test(name))).toEqual([]);
});

test('what reads resources, renders prompts and writes skills is loaded on demand', () => {
  const files = filesIn(startChunks);
  expect(files).toContain('src/resources/templates.ts');
  const loadedOnDemand = [
    'src/resources/readers.ts',
    'src/resources/transcript.ts',
    'src/prompts/ask.ts',
    'src/skills/skills.ts',
    'src/skills/tool-loop.ts',
  ];
  expect(filesIn(chunks)).toEqual(expect.arrayContaining(loadedOnDemand));
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
  expect([...packagesIn(chunks)]).toContain('gpt-tokenizer');
});

test('the bundle imports only Node modules', () => {
  expect(manifest).not.toHaveProperty('dependencies');
  const names = new Set(chunks.map(({ fileName }) => fileName));
  const external = chunks
    .flatMap(({ imports, dynamicImports }) => [...imports, ...dynamicImports])
    .filter((path) => !names.has(path) && !path.startsWith('node:'));
  expect([...new Set(external)].filter((path) => !builtinModules.includes(path))).toEqual([]);
});

test('LICENSES.txt has the licence of every bundled package', () => {
  const licences = readFileSync('dist/LICENSES.txt', 'utf8');
  const packages = [...packagesIn(chunks)].filter(
    (name) => name !== 'package.json' && !/^(?:src|absent:|\0)/u.test(name),
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
  const programFiles = paths.filter((path) => /^dist\/[\w-]+\.js$/u.test(path));
  expect(programFiles).toContain('dist/cli.js');
  expect(paths.filter((path) => !programFiles.includes(path)).toSorted()).toEqual([
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
