import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { runBackup } from '../../../src/cli/commands/backup.ts';
import { openDatabase } from '../../../src/engine/store/open.ts';
import { hasUnfinishedRuns } from '../../../src/engine/store/sqlite/unfinished-runs.ts';
import { createThread } from '../../support/conversation.ts';
import { setup } from '../../support/engine.ts';
import { question, thread } from '../../support/examples.ts';
import { makeReadOnly, mountSmallDisk, smallDiskUnavailable } from '../../support/small-disk.ts';
import { temporary } from '../../support/temporary-files.ts';
import { createStore, objectsIn, openTerminal, outcomeOf } from '../../support/transfer.ts';

const why = smallDiskUnavailable();

describe.skipIf(why !== null)(
  `a medium that is read-only${why === null ? '' : ` (skipped: ${why})`}`,
  () => {
    test('can be exported from and backed up, whatever its name', async () => {
      const folder = mountSmallDisk();
      const store = createStore(join(folder, 'a b?immutable=0#%41.db'));
      await store.importObjects([thread, question]);
      execFileSync('rm', [join(folder, 'in.jsonl')]);
      makeReadOnly(folder);
      const { code, stdout, stderr } = await store.exportAll();
      expect([code, stderr]).toEqual([0, 'Exported 2 objects.\n']);
      expect(objectsIn(stdout)).toMatchObject([{ id: thread.id }, { id: question.id }]);
      const terminal = openTerminal({});
      const file = temporary();
      const copied = runBackup(terminal, { database: store.database, file });
      expect(await outcomeOf(terminal, copied)).toMatchObject({ code: 0 });
      expect((await createStore(file).exportAll()).stdout).toBe(stdout);
      expect(readdirSync(folder)).toHaveLength(1);
    });

    test('with a log beside the database is refused rather than read without it', async () => {
      const folder = mountSmallDisk();
      const [original, database] = [temporary(), join(folder, 'a.db')];
      await createThread(await setup({ database: original }));
      for (const suffix of ['', '-wal']) copyFileSync(original + suffix, database + suffix);
      makeReadOnly(folder);
      expect(await createStore(database).exportAll()).toEqual({
        code: 1,
        stdout: '',
        stderr: `The latest changes of the database ${database} are in ${database}-wal, which cannot be used in a read-only directory; copy both files to a directory that you can write to.\n`,
      });
    });

    test('with a database that has to be upgraded first says so', async () => {
      const folder = mountSmallDisk();
      const database = join(folder, 'a.db');
      await (await openDatabase(database)).destroy();
      const raw = new DatabaseSync(database);
      raw.exec(
        'delete from assistants_mcp_migrations where name = (select max(name) from assistants_mcp_migrations)',
      );
      raw.close();
      makeReadOnly(folder);
      expect((await createStore(database).exportAll()).stderr).toBe(
        `The database ${database} has to be upgraded and is read-only; copy it to a directory that you can write to.\n`,
      );
    });
  },
);

describe('an existing file', () => {
  test('that others can read is warned about, with what to do', async () => {
    const database = temporary();
    await (await openDatabase(database)).destroy();
    const warnings = async () => {
      const { logLines, engine } = await setup({ database });
      await engine.stop(0);
      return logLines.filter((line) => line.includes('chmod 600'));
    };
    expect(await warnings()).toEqual([]);
    for (const mode of [0o644, 0o640]) {
      chmodSync(database, mode);
      const lines = await warnings();
      expect(lines).toHaveLength(1);
      expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'warn', file: database });
    }
  });

  test('that is a pipe or a device is refused at once', async ({ skip }) => {
    if (!existsSync('/dev/null')) skip('there are no devices here');
    const pipe = join(dirname(temporary()), 'pipe');
    execFileSync('mkfifo', [pipe]);
    for (const location of [pipe, '/dev/null']) {
      await expect(openDatabase(location)).rejects.toThrow(
        `Cannot open the database ${location}: it is not a file.`,
      );
      expect(await hasUnfinishedRuns(location)).toBe(false);
    }
  });
});
