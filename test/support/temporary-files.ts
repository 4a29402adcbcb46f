import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A path in a new directory, which is deleted after the test. */
export function temporary(name = 'assistants.db'): string {
  const directory = mkdtempSync(join(tmpdir(), 'assistants-mcp-test-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, name);
}
