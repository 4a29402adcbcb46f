import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { temporary } from '../support/temporary-files.ts';
import { script } from './server.ts';

test('the built program rehearses the import of a CSV file, imports it, and refuses it again', () => {
  const database = temporary();
  const file = join(dirname(database), 'messages.csv');
  writeFileSync(file, 'thread,role,content,created_at\nthread_1,user,"Hi, ""you""",2024-05-01\n');
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [script, 'import', file, '--database', database, ...args], {
      encoding: 'utf8',
    });
  const rehearsal = run('--dry-run');
  expect([rehearsal.status, rehearsal.stdout]).toEqual([0, '']);
  expect(rehearsal.stderr).toContain(`Would import 1 thread and 1 message from ${file}.\n`);
  expect(existsSync(database)).toBe(false);
  const imported = run();
  expect([imported.status, imported.stderr]).toEqual([
    0,
    rehearsal.stderr.replace('Would import', 'Imported'),
  ]);
  const again = run('--dry-run');
  expect([again.status, again.stderr]).toEqual([
    1,
    expect.stringContaining(`${file}:2: row 2: Duplicate 'id': 'msg_`),
  ]);
});
