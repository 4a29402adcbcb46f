import fs, { chmodSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { useCompileCache } from '../../src/cli/compile-cache.ts';
import { temporary } from '../support/temporary-files.ts';

const userId = process.geteuid?.() ?? null;

interface Start {
  readonly platform?: string;
  readonly home?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly userId?: number | null;
}

/** The folder that is used; null for none. */
function folderOf(start: Start): string | null {
  let used: string | null = null;
  const environment = { fs, platform: 'linux', home: '', env: {}, userId, ...start };
  useCompileCache(environment, (folder) => (used = folder));
  return used;
}

/** A home directory that does not exist yet. */
const newHome = (): string => temporary('home');

const parts = ['assistants-mcp', 'compile-cache'];

describe('the folder for compiled code', () => {
  test.each([
    ['linux', {}, ['.cache']],
    ['linux', { XDG_CACHE_HOME: 'relative' }, ['.cache']],
    ['darwin', {}, ['Library', 'Caches']],
    ['darwin', { XDG_CACHE_HOME: '/nowhere' }, ['Library', 'Caches']],
  ])('is the user’s on %s with %j', (platform, env, middle) => {
    const home = newHome();
    const folder = folderOf({ platform, home, env });
    expect(folder).toBe(join(home, ...middle, ...parts));
    for (const each of [folder ?? '', dirname(folder ?? '')]) {
      expect(statSync(each).mode & 0o777).toBe(0o700);
    }
  });

  test('is in XDG_CACHE_HOME if that is set', () => {
    const cache = newHome();
    expect(folderOf({ home: '/nowhere', env: { XDG_CACHE_HOME: cache } })).toBe(
      join(cache, ...parts),
    );
  });

  test.each([
    ['NODE_COMPILE_CACHE', '/elsewhere'],
    ['NODE_DISABLE_COMPILE_CACHE', '1'],
  ])('is not used or made when %s is set', (name, value) => {
    const home = newHome();
    expect(folderOf({ home, env: { [name]: value } })).toBeNull();
    expect(() => statSync(home)).toThrow(/ENOENT/u);
  });

  test.each([0o720, 0o702, 0o777])('is not used if others can write to it, mode %o', (mode) => {
    for (const depth of [1, 2]) {
      const home = newHome();
      const folder = join(home, '.cache', ...parts);
      mkdirSync(folder, { recursive: true });
      chmodSync(join(home, '.cache', ...parts.slice(0, depth)), mode);
      expect(folderOf({ home })).toBeNull();
    }
  });

  test('is used if others can only read it', () => {
    const home = newHome();
    mkdirSync(join(home, '.cache', ...parts), { recursive: true, mode: 0o755 });
    expect(folderOf({ home })).not.toBeNull();
  });

  test('is not used if it belongs to somebody else', () => {
    const home = newHome();
    expect(folderOf({ home })).not.toBeNull();
    expect(folderOf({ home, userId: (userId ?? 0) + 1 })).toBeNull();
  });

  test('is not used if it is a link, or cannot be made', () => {
    const [home, other] = [newHome(), newHome()];
    mkdirSync(join(home, '.cache', 'assistants-mcp'), { recursive: true, mode: 0o700 });
    mkdirSync(other, { mode: 0o700 });
    symlinkSync(other, join(home, '.cache', ...parts));
    expect(folderOf({ home })).toBeNull();
    const file = newHome();
    writeFileSync(file, '');
    expect(folderOf({ home: file })).toBeNull();
  });

  test('does not exist for a user without a home', () => {
    expect(folderOf({})).toBeNull();
  });
});
