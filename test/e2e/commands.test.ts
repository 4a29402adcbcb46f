import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { transformSync } from 'esbuild';
import { expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { commandOptions } from '../../src/config/command-options.ts';
import type { OptionInfo } from '../../src/config/option.ts';
import { sharedOptions } from '../../src/config/options.ts';
import { script, startServer } from './server.ts';

test('--version prints the version', async () => {
  const program = startServer({ args: ['--version'] });
  expect(await program.exited).toBe(0);
  expect(program.stdout()).toBe(`${manifest.version}\n`);
});

test('--help and help print every option', async () => {
  const [flag, word] = [startServer({ args: ['--help'] }), startServer({ args: ['help'] })];
  expect([await flag.exited, await word.exited]).toEqual([0, 0]);
  expect(flag.stdout()).toBe(word.stdout());
  const all: readonly OptionInfo[] = Object.values({ ...sharedOptions, ...commandOptions });
  const flags = all.flatMap(({ flag: name }) => (name === null ? [] : [`--${name}`]));
  const names = [...flags, ...all.flatMap(({ env }) => env)];
  expect(names.filter((name) => !flag.stdout().includes(name))).toEqual([]);
});

test('prints all configuration errors to stderr together, with exit code 2', async () => {
  const program = startServer({
    args: ['swerve', '--bogus', '--concurrency', 'many'],
    env: { ASSISTANTS_LOG_LEVEL: 'loud' },
  });
  expect(await program.exited).toBe(2);
  expect(program.stdout()).toBe('');
  expect(program.stderr().split('\n')).toEqual([
    "Unknown command 'swerve'. Did you mean 'serve'? The commands are serve, import, export, backup, prune, demo and help.",
    "Unknown option '--bogus'.",
    "--concurrency: 'many' is not a whole number from 1 to 1000.",
    "ASSISTANTS_LOG_LEVEL: 'loud' is not one of error, warn, info, debug.",
    '',
  ]);
});

test('reports a missing home directory only where the database needs one', async () => {
  const preload =
    "import os from 'node:os';import { syncBuiltinESMExports } from 'node:module';" +
    "os.homedir=()=>{throw new Error('uv_os_homedir')};syncBuiltinESMExports()";
  const node = [process.execPath, '--import', `data:text/javascript,${preload}`] as const;
  const env = { XDG_DATA_HOME: '', LOCALAPPDATA: '' };
  const version = startServer({ node: [...node], args: ['--version'], env });
  expect(await version.exited).toBe(0);
  const program = startServer({ node: [...node], args: ['export'], env });
  expect(await program.exited).toBe(2);
  expect(program.stderr()).toBe(
    'There is no home directory for the database; choose a file with --database.\n',
  );
});

const tooOld = (version: string) =>
  `assistants-mcp needs Node.js 22.18 or newer; this is ${version}. Install a newer Node.js, or configure the MCP host to start the server with one.\n`;

test.each(['v18.20.4', 'v20.19.0', 'v22.17.1'])(
  'prints the required version on Node %s',
  async (version) => {
    const preload = `Object.defineProperty(process,'version',{value:'${version}'});Object.defineProperty(process,'versions',{value:{node:'${version.slice(1)}'}})`;
    const node = [process.execPath, '--import', `data:text/javascript,${preload}`] as const;
    const program = startServer({ node: [...node] });
    expect(await program.exited).toBe(1);
    expect(program.stdout()).toBe('');
    expect(program.stderr()).toBe(tooOld(version));
  },
);

/** A Node on this machine that is older than the program needs, if there is one. */
const oldNode = (process.env['PATH'] ?? '')
  .split(delimiter)
  .filter((folder) => !folder.includes('node_modules'))
  .map((folder) => join(folder, 'node'))
  .flatMap((command) => {
    try {
      const version = execFileSync(command, ['--version'], { encoding: 'utf8' }).trim();
      return Number(version.slice(1, 3)) < 22 ? [{ command, version }] : [];
    } catch {
      return [];
    }
  })[0];

test.skipIf(oldNode === undefined)(
  'prints the required version on an old Node that is installed here',
  async () => {
    const program = startServer({ node: [oldNode?.command ?? ''] });
    expect(await program.exited).toBe(1);
    expect(program.stderr()).toBe(tooOld(oldNode?.version ?? ''));
  },
);

test('dist/cli.js contains no syntax newer than ES modules with import()', () => {
  const entry = readFileSync(script, 'utf8');
  const transpile = (target: string) => transformSync(entry, { target, minify: true }).code;
  expect(transpile('es2020')).toBe(transpile('esnext'));
  expect(entry).not.toMatch(/from\s*"\.\//u);
});
