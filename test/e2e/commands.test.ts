import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { transformSync } from 'esbuild';
import { expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import type { OptionInfo } from '../../src/config/option.ts';
import { options } from '../../src/config/options.ts';
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
  const all: readonly OptionInfo[] = Object.values(options);
  const flags = all.flatMap(({ flag: name }) => (name === null ? [] : [`--${name}`]));
  const names = [...flags, ...all.flatMap(({ env }) => env)];
  expect(names.filter((name) => !flag.stdout().includes(name))).toEqual([]);
});

test('what is wrong with the command line is told on stderr, all at once', async () => {
  const program = startServer({
    args: ['swerve', '--bogus', '--concurrency', 'many'],
    env: { ASSISTANTS_LOG_LEVEL: 'loud' },
  });
  expect(await program.exited).toBe(2);
  expect(program.stdout()).toBe('');
  expect(program.stderr().split('\n')).toEqual([
    "Unknown command 'swerve'; the commands are serve, import, export, prune, demo and help.",
    "Unknown option '--bogus'.",
    "--concurrency must be a whole number from 1 to 1000, not 'many'.",
    "ASSISTANTS_LOG_LEVEL must be error, warn, info or debug, not 'loud'.",
    '',
  ]);
});

test('an account without a home is told so by what needs one', async () => {
  const pretend =
    "import os from 'node:os';import { syncBuiltinESMExports } from 'node:module';" +
    "os.homedir=()=>{throw new Error('uv_os_homedir')};syncBuiltinESMExports()";
  const node = [process.execPath, '--import', `data:text/javascript,${pretend}`] as const;
  const env = { XDG_DATA_HOME: '', LOCALAPPDATA: '' };
  const version = startServer({ node: [...node], args: ['--version'], env });
  expect(await version.exited).toBe(0);
  const program = startServer({ node: [...node], args: ['export'], env });
  expect(await program.exited).toBe(2);
  expect(program.stderr()).toBe(
    'There is no home directory to keep the database in: name a file with --database.\n',
  );
});

const tooOld = (version: string) =>
  `assistants-mcp needs Node.js 22.18 or newer, and this is ${version}. Install a newer Node.js, or have the MCP host start the server with one.\n`;

test.each(['v18.20.4', 'v20.19.0', 'v22.17.1'])(
  'on Node %s it says what it needs',
  async (version) => {
    const pretend = `Object.defineProperty(process,'version',{value:'${version}'});Object.defineProperty(process,'versions',{value:{node:'${version.slice(1)}'}})`;
    const node = [process.execPath, '--import', `data:text/javascript,${pretend}`] as const;
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

test.skipIf(oldNode === undefined)('a really old Node gets as far as saying so', async () => {
  const program = startServer({ node: [oldNode?.command ?? ''] });
  expect(await program.exited).toBe(1);
  expect(program.stderr()).toBe(tooOld(oldNode?.version ?? ''));
});

test('the entry holds no syntax newer than ES modules with import()', () => {
  const entry = readFileSync(script, 'utf8');
  const plain = (target: string) => transformSync(entry, { target, minify: true }).code;
  expect(plain('es2020')).toBe(plain('esnext'));
  expect(entry).not.toMatch(/from\s*"\.\//u);
});
