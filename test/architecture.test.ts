import { readdirSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { cwd } from 'node:process';
import { build, type Plugin, transformSync } from 'esbuild';
import { beforeAll, describe, expect, test } from 'vitest';

/**
 * What each part may import at run time: parts of the program, Node's modules and packages. Types
 * are free to travel, since nothing of them is left in the program. The first part whose path
 * begins a file's path is its own.
 */
const allowed: Readonly<Record<string, readonly string[]>> = {
  'src/cli.ts': ['node:os', 'src/program.ts'],
  'src/schema/': ['src/schema/', 'zod'],
  'src/tools/': ['src/tools/', 'src/schema/', 'zod'],
  'src/mcp/': ['src/mcp/', 'src/tools/', 'src/log.ts', '@modelcontextprotocol/server'],
  'src/openai/': ['src/openai/', 'openai'],
  'src/engine/http/': ['src/engine/http/', 'src/schema/', 'hono', 'zod'],
  'src/engine/routes/': [
    'src/engine/routes/',
    'src/engine/http/',
    'src/engine/runs/',
    'src/engine/store/',
    'src/schema/',
    'hono',
    'zod',
  ],
  'src/engine/runs/machine.ts': [],
  'src/engine/runs/': ['src/engine/runs/', 'src/engine/store/', 'src/engine/models/'],
  'src/engine/models/': ['src/engine/models/', 'gpt-tokenizer/encoding/o200k_base', 'openai'],
  'src/engine/store/': [
    'src/engine/store/',
    'kysely',
    'node:fs',
    'node:path',
    'node:sqlite',
    'node:timers/promises',
    'node:util',
    'pg',
  ],
  'src/engine/': ['src/engine/', 'src/schema/', 'hono'],
  'src/demo/': [
    'src/demo/',
    'node:fs/promises',
    'node:os',
    'node:path',
    'zod',
    '@modelcontextprotocol/client',
  ],
  'src/serve/': [
    'src/serve/',
    'src/embedded.ts',
    'src/loopback.ts',
    'src/mcp/',
    'src/model-endpoint.ts',
    'src/engine/store/outage.ts',
    '@hono/node-server',
    'node:async_hooks',
    'node:crypto',
    'node:events',
    'node:http',
    'node:https',
    'node:net',
    'node:stream',
    'node:stream/promises',
    'prom-client',
  ],
  'src/loopback.ts': [],
  'src/transfer/options.ts': ['src/option.ts'],
  'src/transfer/': [
    'src/transfer/',
    'src/schema/',
    'src/engine/store/',
    'node:fs',
    'node:fs/promises',
    'node:stream',
    'node:stream/promises',
    'node:util',
  ],
  'src/prune/options.ts': ['src/option.ts'],
  'src/prune/': [
    'src/prune/',
    'src/engine/store/',
    'src/transfer/progress.ts',
    'src/transfer/terminal.ts',
  ],
  'src/database-location.ts': [],
  'src/log.ts': [],
  'src/redact.ts': [],
  'src/clock.ts': ['node:crypto'],
  'src/': ['src/', 'package.json', 'node:path', 'node:util', 'zod'],
};

/** These know nothing of anything, so that everyone may use them. */
const anywhere = ['src/clock.ts', 'src/database-location.ts', 'src/redact.ts'];

const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .map((file) => `src/${file.replaceAll('\\', '/')}`)
  .filter((file) => file.endsWith('.ts'));

const isWithin = (path: string, part: string): boolean =>
  path === part || path.startsWith(part.endsWith('/') ? part : `${part}/`);

/** File → what it imports at run time, as esbuild reads it. */
const imports = new Map<string, readonly string[]>();

/** Resolves nothing: every file is read by itself, and what it names is taken as it stands. */
const asNamed: Plugin = {
  name: 'as-named',
  setup(plugin) {
    plugin.onResolve({ filter: /.*/ }, ({ kind, path, resolveDir }) => {
      if (kind === 'entry-point') return undefined;
      const named = path.startsWith('.') ? relative(cwd(), resolve(resolveDir, path)) : path;
      return { path: named.replaceAll('\\', '/'), external: true };
    });
  },
};

beforeAll(async () => {
  const { metafile } = await build({
    entryPoints: files,
    bundle: true,
    plugins: [asNamed],
    platform: 'node',
    format: 'esm',
    outdir: 'unwritten',
    write: false,
    metafile: true,
  });
  for (const [file, input] of Object.entries(metafile.inputs)) {
    const paths = input.imports.map(({ path }) => path);
    imports.set(file, paths);
  }
});

test('the rules speak of files that exist', () => {
  const parts = Object.keys(allowed);
  expect(parts.filter((part) => !files.some((file) => isWithin(file, part)))).toEqual([]);
});

describe.each(files)('%s', (file) => {
  test('imports only what its part may', () => {
    const part = Object.keys(allowed).find((candidate) => isWithin(file, candidate)) ?? '';
    const may = allowed[part] ?? [];
    const imported = imports.get(file) ?? [];
    expect(
      imported.filter((path) => ![...may, ...anywhere].some((target) => isWithin(path, target))),
    ).toEqual([]);
  });

  test('leaves the process and the console to cli.ts', () => {
    const { code } = transformSync(readFileSync(file, 'utf8'), { loader: 'ts' });
    const touches =
      /(?<![\w.'"`])(?:process|console)\.|node:process|globalThis\.(?:process|console)/u;
    expect(touches.test(code)).toBe(file === 'src/cli.ts');
  });

  test('has a name in lower case with hyphens and at most 300 lines', () => {
    expect(file).toMatch(/^(?:[a-z0-9]+(?:-[a-z0-9]+)*[/.])+ts$/u);
    expect(readFileSync(file, 'utf8').split('\n').length - 1).toBeLessThanOrEqual(300);
  });
});

test('every folder is reached by a rule of its own', () => {
  const folders = new Set(files.map((file) => `${dirname(file)}/`));
  const ruled = [...folders].filter((folder) => Object.keys(allowed).includes(folder));
  expect(ruled.toSorted()).toEqual([...folders].toSorted());
});
