import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Why no file system can be made here; null when one can. */
export function smallDiskUnavailable(): string | null {
  if (process.platform !== 'linux') return 'file systems are made on Linux only';
  if (process.getuid?.() !== 0) return 'mounting a file system takes root';
  const folder = mkdtempSync(join(tmpdir(), 'assistants-mcp-disk-'));
  try {
    mount(folder);
    execFileSync('umount', [folder]);
    return null;
  } catch {
    return 'this machine lets nobody mount a file system';
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const mount = (folder: string) =>
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder], { stdio: 'ignore' });

/** A file system of 4 MiB. The test that uses it must ask for it before its engine. */
export function mountSmallDisk(): string {
  const folder = mkdtempSync(join(tmpdir(), 'assistants-mcp-disk-'));
  mount(folder);
  onTestFinished(() => {
    execFileSync('umount', ['-l', folder]);
    rmSync(folder, { recursive: true });
  });
  return folder;
}

/** Takes all the space that is left; gives what frees it again. */
export function fill(folder: string): () => void {
  const file = join(folder, 'ballast');
  const { bavail, bsize } = statfsSync(folder);
  writeFileSync(file, Buffer.alloc(bavail * bsize));
  return () => rmSync(file);
}

export const makeReadOnly = (folder: string): void => {
  execFileSync('mount', ['-o', 'remount,ro', folder]);
};
