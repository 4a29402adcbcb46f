import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runIngestionCycles } from '../../chaos/ingestion/cycles.ts';
import { temporaryFolder } from '../e2e/server.ts';

test('files are read once and whole when the program is killed', { timeout: 120_000 }, async () => {
  const database = join(temporaryFolder(), 'database.sqlite');
  const report = await runIngestionCycles({ database, cycles: 3, files: 6, seed: 2 });
  expect(report).toMatchObject({ kills: 3, files: 6, completed: 6, violations: [] });
});
