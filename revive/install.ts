import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Package } from './program.ts';

const cache =
  process.env['ASSISTANTS_REVIVE_CACHE'] ?? join(homedir(), '.cache', 'assistants-mcp-revive');

const run = promisify(execFile);
const installTimeoutMs = 600_000;

/** The content of a file, or an empty text. */
function readIfPresent(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** Installs a program with npm, unless it is in the cache; resolves to its folder. */
async function installWithNpm({ name, version, needs = {}, overrides = {} }: Package) {
  const folder = join(cache, `${name.replaceAll('/', '+')}@${version}`);
  const dependencies = { [name]: version, ...needs };
  const manifest = JSON.stringify({ private: true, dependencies, overrides });
  // The mark is written last, so an interrupted installation starts again.
  const mark = join(folder, 'installed.json');
  if (readIfPresent(mark) === manifest) return folder;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), manifest);
  const flags = ['--ignore-scripts', '--legacy-peer-deps', '--no-audit', '--no-fund'];
  await run('npm', ['install', ...flags], {
    cwd: folder,
    timeout: installTimeoutMs,
  });
  writeFileSync(mark, manifest);
  return folder;
}

/** Rejects unless this version of a Debian package is installed. */
async function requireDebianPackage({ name, version }: Package): Promise<void> {
  const query = ['--show', '--showformat', '${Version}', name];
  const installed = await run('dpkg-query', query).catch(() => ({ stdout: 'none' }));
  if (installed.stdout === version) return;
  throw new Error(`Install ${name} ${version}; installed is ${installed.stdout}.`);
}

/** Makes a program available; resolves to the folder that has its packages. */
export async function install(program: Package): Promise<string> {
  if (program.registry !== 'debian') return installWithNpm(program);
  await requireDebianPackage(program);
  return cache;
}
