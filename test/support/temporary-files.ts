import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A path for a database in a directory of its own, which goes when the test is over. */
export function temporary(name = 'assistants.db'): string {
  const directory = mkdtempSync(join(tmpdir(), 'assistants-mcp-test-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, name);
}
