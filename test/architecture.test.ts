import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { expect, test } from 'vitest';

/**
 * Part of the program → the parts it may import, types included. A part is a folder with all below
 * it, or one file; the longest name that fits a path counts. Every part may import itself.
 */
const allowedParts: Readonly<Record<string, readonly string[]>> = {
  'cli.ts': ['cli'],
  cli: [
    'backend',
    'config',
    'server',
    'mcp',
    'prompts',
    'resources',
    'skills',
    'tools',
    'shared',
    'engine/store',
    'engine/transfer',
  ],
  server: ['backend', 'config', 'mcp', 'shared', 'engine', 'engine/http', 'engine/store/errors.ts'],
  backend: [
    'config',
    'shared',
    'engine',
    'engine/http',
    'engine/models',
    'engine/files',
    'engine/runs',
    'engine/store',
  ],
  mcp: ['prompts', 'resources', 'skills', 'tools', 'shared'],
  prompts: ['resources', 'tools', 'shared'],
  resources: ['tools', 'schema', 'shared'],
  skills: [],
  config: ['tools/toolsets.ts', 'shared'],
  tools: ['schema', 'shared'],
  engine: [
    'engine/files',
    'engine/vector-stores',
    'engine/routes',
    'engine/runs',
    'engine/events',
    'engine/models',
    'engine/http',
    'engine/store',
    'shared',
  ],
  'engine/routes': [
    'engine',
    'engine/files',
    'engine/vector-stores',
    'engine/runs',
    'engine/events',
    'engine/models',
    'engine/http',
    'engine/store',
    'schema',
    'shared',
  ],
  'engine/runs': [
    'engine',
    'engine/prompt',
    'engine/events',
    'engine/models',
    'engine/store',
    'shared',
  ],
  'engine/files': [
    'engine',
    'engine/vector-stores',
    'engine/models',
    'engine/http',
    'engine/store',
    'shared',
  ],
  'engine/prompt': ['engine', 'engine/models', 'engine/store', 'shared'],
  'engine/events': ['engine', 'engine/models', 'engine/store', 'shared'],
  'engine/models': ['engine', 'engine/store/schema.ts', 'schema/tool.ts', 'shared'],
  'engine/vector-stores': [
    'engine',
    'engine/prompt',
    'engine/http',
    'engine/models',
    'engine/store',
    'engine/terms',
    'shared',
  ],
  'engine/transfer': ['engine/store', 'schema', 'shared'],
  'engine/http': ['engine/store', 'schema', 'shared'],
  'engine/store': ['engine/terms', 'shared'],
  'engine/terms': [],
  schema: [],
  shared: [],
  // Runs in the browser.
  page: ['shared/json.ts', 'shared/run-status.ts', 'shared/urls.ts'],
};

/** Package or Node module → the parts that may load it. Its types may be used anywhere. */
const allowedPackages: Readonly<Record<string, readonly string[]>> = {
  '@hono/node-server': ['server'],
  '@modelcontextprotocol/client': ['cli'],
  '@modelcontextprotocol/ext-apps': ['page'],
  '@modelcontextprotocol/server': ['mcp'],
  busboy: ['engine/files'],
  'csv-parse': ['engine/transfer'],
  fflate: ['engine/vector-stores'],
  'gpt-tokenizer': ['engine/prompt'],
  htmlparser2: ['engine/vector-stores'],
  hono: ['engine', 'engine/routes', 'engine/http'],
  kysely: ['engine/store'],
  'node:child_process': ['engine/vector-stores'],
  'node:http': ['server'],
  'node:https': ['server'],
  'node:sqlite': ['engine/store'],
  'node:worker_threads': ['engine/prompt', 'engine/runs', 'engine/vector-stores', 'shared'],
  marked: ['page'],
  openai: ['backend', 'engine/models', 'page'],
  preact: ['page'],
  pg: ['engine/store'],
  'prom-client': ['server'],
  unpdf: ['engine/vector-stores'],
  zod: [
    'cli',
    'engine/http',
    'engine/models',
    'engine/routes',
    'page',
    'prompts',
    'resources',
    'schema',
    'tools',
  ],
};

interface Import {
  readonly path: string;
  readonly isType: boolean;
}

/** Path from `src` → source text. */
type Sources = ReadonlyMap<string, string>;

const importPattern =
  /^(?:import|export)\s+(type\s)?[^;'"]*?\bfrom\s+'([^']+)'|^import\s+'([^']+)'|\bimport\('([^']+)'\)/gmu;

const importsOf = (source: string): Import[] =>
  [...source.matchAll(importPattern)].map(([, type, from, bare, dynamic]) => ({
    path: from ?? bare ?? dynamic ?? '',
    isType: type !== undefined,
  }));

const resolveImport = (file: string, path: string): string => join(dirname(file), path);

const isWithin = (file: string, part: string): boolean =>
  file === part || file.startsWith(`${part}/`);

/** The part that a file belongs to. */
const partOf = (file: string): string | undefined =>
  Object.keys(allowedParts)
    .filter((part) => isWithin(file, part))
    .toSorted((a, b) => b.length - a.length)[0];

function forbiddenImports(sources: Sources): string[] {
  return [...sources].flatMap(([file, source]) => {
    const part = partOf(file);
    if (part === undefined) return [`${file} belongs to no part`];
    return importsOf(source)
      .filter(({ path, isType }) => {
        if (!path.startsWith('.')) {
          const parts = Object.entries(allowedPackages).find(([name]) => isWithin(path, name))?.[1];
          return !isType && parts !== undefined && !parts.includes(part);
        }
        const target = resolveImport(file, path);
        if (target === '../package.json') return part !== 'cli';
        const allowed = allowedParts[part] ?? [];
        return (
          partOf(target) !== part &&
          ![partOf(target), target].some((to) => allowed.includes(to ?? ''))
        );
      })
      .map(({ path }) => `${file} imports ${path}`);
  });
}

/** The files of the first circle of imports; empty when there is none. */
function findCircle(sources: Sources): string[] {
  const done = new Set<string>();
  const visit = (file: string, above: readonly string[]): string[] => {
    if (above.includes(file)) return [...above.slice(above.indexOf(file)), file];
    if (done.has(file) || !sources.has(file)) return [];
    for (const { path } of importsOf(sources.get(file) ?? '')) {
      const circle = visit(resolveImport(file, path), [...above, file]);
      if (circle.length > 0) return circle;
    }
    done.add(file);
    return [];
  };
  for (const file of sources.keys()) {
    const circle = visit(file, []);
    if (circle.length > 0) return circle;
  }
  return [];
}

const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => /\.tsx?$/u.test(file));

const sources: Sources = new Map(files.map((file) => [file, readFileSync(`src/${file}`, 'utf8')]));

test('every part imports only the parts and packages that it may, types included', () => {
  expect(forbiddenImports(sources)).toEqual([]);
});

test('no file imports itself through other files', () => {
  expect(findCircle(sources)).toEqual([]);
});

test('reports an import that goes upward, be it of a type or at run time', () => {
  const upward = new Map([
    ['tools/runs.ts', "import type { Engine } from '../engine/index.ts';\n"],
    ['engine/store/runs.ts', "const late = () => import('../runs/worker.ts');\n"],
    ['schema/run.ts', "export {\n  type Clock,\n} from '../shared/clock.ts';\n"],
    ['mcp/http.ts', "import OpenAI from 'openai';\nimport type { Pool } from 'pg';\n"],
  ]);
  expect(forbiddenImports(upward)).toEqual([
    'tools/runs.ts imports ../engine/index.ts',
    'engine/store/runs.ts imports ../runs/worker.ts',
    'schema/run.ts imports ../shared/clock.ts',
    'mcp/http.ts imports openai',
  ]);
});

test('reports a circle that types alone close', () => {
  const circle = new Map([
    ['shared/clock.ts', "import { ids } from './ids.ts';\n"],
    ['shared/ids.ts', "import type { Clock } from './clock.ts';\n"],
  ]);
  expect(findCircle(circle)).toEqual(['shared/clock.ts', 'shared/ids.ts', 'shared/clock.ts']);
});

test('every part has files, and cli.ts alone stands outside a folder', () => {
  const parts = new Set(files.map((file) => partOf(file)));
  expect(Object.keys(allowedParts).filter((part) => !parts.has(part))).toEqual([]);
  expect(files.filter((file) => !file.includes('/'))).toEqual(['cli.ts']);
});

const withoutComments = (source: string) =>
  source.replaceAll(/\/\*[^]*?\*\/|(?<![:'"`])\/\/.*$/gmu, '');

test('only cli.ts, what loads a module of Node, and the guard of a process of its own use the process', () => {
  const usesProcess =
    /(?<![\w.'"`])(?:process|console)\.|node:process|globalThis\.(?:process|console)/u;
  const inNode = [...sources].filter(([file]) => !isWithin(file, 'page'));
  const users = inNode.filter(([, source]) => usesProcess.test(withoutComments(source)));
  expect(users.map(([file]) => file).toSorted()).toEqual([
    'cli.ts',
    'engine/vector-stores/extract/process-guard.ts',
    'shared/node-crypto.ts',
  ]);
});

test('file names are lower case with hyphens, and no file has more than 300 lines', () => {
  const name = /^(?:[a-z0-9]+(?:-[a-z0-9]+)*[/.])+tsx?$/u;
  const tooLong = [...sources].filter(([, source]) => source.split('\n').length - 1 > 300);
  expect(files.filter((file) => !name.test(file))).toEqual([]);
  expect(tooLong.map(([file]) => file)).toEqual([]);
});
