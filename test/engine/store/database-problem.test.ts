import { copyFileSync, existsSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { openDatabase } from '../../../src/engine/store/open.ts';
import { databaseProblem } from '../../../src/engine/store/sqlite/check.ts';
import { temporary } from '../../support/temporary-files.ts';

/** A database as a process leaves it that dies in a transaction: with a journal to roll back. */
async function interruptedDatabase(): Promise<string> {
  const [file, copy] = [temporary(), temporary()];
  await (await openDatabase(file)).destroy();
  const database = new DatabaseSync(file);
  database.exec('pragma journal_mode = delete; pragma cache_size = 1; begin');
  database.exec('create table filler (text)');
  const insert = database.prepare('insert into filler values (?)');
  for (let row = 0; row < 100; row += 1) insert.run('x'.repeat(4096));
  copyFileSync(file, copy);
  copyFileSync(`${file}-journal`, `${copy}-journal`);
  database.close();
  return copy;
}

test('a database that has to be recovered after a crash is no problem, and is recovered', async () => {
  const file = await interruptedDatabase();
  expect(existsSync(`${file}-journal`)).toBe(true);
  expect(databaseProblem(file)).toBeNull();
  const db = await openDatabase(file);
  expect(await db.selectFrom('threads').selectAll().execute()).toEqual([]);
  await db.destroy();
});

test('a file that is no database is a problem', () => {
  const file = temporary();
  writeFileSync(file, 'These are notes, and no database at all.');
  expect(databaseProblem(file)).toBe(`The file ${file} is not a database; choose another file.`);
});
