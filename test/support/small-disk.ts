import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Why no small disk can be mounted here; null when one can. */
export function smallDiskUnavailable(): string | null {
  if (process.platform !== 'linux') return 'mounting a small disk needs Linux';
  if (process.getuid?.() !== 0) return 'mounting a small disk needs root';
  const folder = mkdtempSync(join(tmpdir(), 'assistants-mcp-disk-'));
  try {
    mount(folder);
    execFileSync('umount', [folder]);
    return null;
  } catch {
    return 'this machine does not allow mounting';
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const mount = (folder: string) =>
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder], { stdio: 'ignore' });

/** Mounts a file system of 4 MiB. Call it before `setup`, so that it is unmounted after the engine. */
export function mountSmallDisk(): string {
  const folder = mkdtempSync(join(tmpdir(), 'assistants-mcp-disk-'));
  mount(folder);
  onTestFinished(() => {
    execFileSync('umount', ['-l', folder]);
    rmSync(folder, { recursive: true });
  });
  return folder;
}

/** Uses up all free space; returns a function that frees it. */
export function fill(folder: string): () => void {
  const file = join(folder, 'ballast');
  const { bavail, bsize } = statfsSync(folder);
  writeFileSync(file, Buffer.alloc(bavail * bsize));
  return () => rmSync(file);
}

export const makeReadOnly = (folder: string): void => {
  execFileSync('mount', ['-o', 'remount,ro', folder]);
};
