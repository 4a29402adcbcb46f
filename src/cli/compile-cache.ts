import type * as nodeFs from 'node:fs';
import { posix, win32 } from 'node:path';

interface Environment {
  readonly fs: Pick<typeof nodeFs, 'lstatSync' | 'mkdirSync'>;
  readonly platform: string;
  /** Empty for a user without one. */
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** null on Windows, where the permissions of the directory apply. */
  readonly userId: number | null;
}

const folderNames = ['assistants-mcp', 'compile-cache'];

/** The per-user cache directory of each system; not absolute for a user without a home. */
function cacheDirectory({ platform, home, env }: Environment): string {
  if (platform === 'win32') {
    return env['LOCALAPPDATA'] || win32.join(home, 'AppData', 'Local');
  }
  if (platform === 'darwin') return posix.join(home, 'Library', 'Caches');
  const base = env['XDG_CACHE_HOME'] ?? '';
  return posix.isAbsolute(base) ? base : posix.join(home, '.cache');
}

/** The program's folders in that directory, the outer one first. */
function cacheFolders(environment: Environment): readonly string[] {
  const path = environment.platform === 'win32' ? win32 : posix;
  const base = cacheDirectory(environment);
  if (!path.isAbsolute(base)) return [];
  return folderNames.map((_, index) => path.join(base, ...folderNames.slice(0, index + 1)));
}

/** Whether nobody else can put code there: what is in the cache is executed. */
function isPrivate(folder: string, { fs, userId }: Environment): boolean {
  const status = fs.lstatSync(folder);
  if (!status.isDirectory()) return false;
  return userId === null || (status.uid === userId && (status.mode & 0o022) === 0);
}

/**
 * Lets Node.js keep compiled code in a folder that only the user can write to. Without such a folder,
 * the program starts as without a cache. Variables of Node.js for its cache have precedence.
 */
export function useCompileCache(
  environment: Environment,
  enable: (folder: string) => unknown,
): void {
  const { fs, env } = environment;
  if (env['NODE_COMPILE_CACHE'] || env['NODE_DISABLE_COMPILE_CACHE']) return;
  const folders = cacheFolders(environment);
  const folder = folders.at(-1);
  if (folder === undefined) return;
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (folders.every((each) => isPrivate(each, environment))) enable(folder);
  } catch {
    // A home that cannot be written to, for example.
  }
}
