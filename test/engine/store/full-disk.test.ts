import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { openDatabase } from '../../../src/engine/store/open.ts';
import { unavailableReason } from '../../../src/engine/store/errors.ts';
import { turn, until } from '../../support/clock.ts';
import { setup } from '../../support/engine.ts';
import { temporary } from '../../support/temporary-files.ts';
import {
  callStory,
  collect,
  expectTold,
  messageStory,
  story,
  streamRun,
} from '../../support/run-stream.ts';
import {
  createRun,
  createThread,
  readMessages,
  readRun,
  textOf,
} from '../../support/conversation.ts';
import { createGate } from '../../support/upstream.ts';
import { runsCode, says } from '../../support/upstream-items.ts';
import { fill, makeReadOnly, smallDisk, whyNoDisk } from '../../support/small-disk.ts';

const refusal = (reason: string) => ({
  error: {
    message: `The server cannot use its database: ${reason}.`,
    type: 'server_error',
    param: null,
    code: null,
  },
});

const why = whyNoDisk();
const large = 'word '.repeat(50_000);

describe.skipIf(why !== null)(`a small disk${why === null ? '' : ` (skipped: ${why})`}`, () => {
  test('that is full is a clear error, leaves nothing half-written, and passes', async () => {
    const folder = smallDisk();
    const it = await setup({ database: join(folder, 'a.db') });
    const { id } = await createThread(it, 'Hello.');
    const { run, assistant_id } = await createRun(it);
    await it.openai.beta.threads.runs.cancel(run.id, { thread_id: run.thread_id });
    await it.runToEnd();
    const free = fill(folder);
    const messages = [
      { role: 'user', content: 'Small.' },
      { role: 'user', content: large },
    ];
    const asked = { assistant_id, additional_messages: messages };
    const answer = await it.request('POST', `/threads/${id}/runs`, asked);
    expect(answer).toMatchObject({ status: 500, body: refusal('its disk is full') });
    expect((await readMessages(it, id)).map(textOf)).toEqual(['Hello.']);
    expect((await it.request('GET', `/threads/${id}/runs`)).body.data).toEqual([]);
    expect(it.lines.filter((line) => line.includes('"level":"error"'))).toHaveLength(1);
    free();
    it.upstream.will({});
    expect((await it.request('POST', `/threads/${id}/runs`, asked)).status).toBe(200);
    await it.runToEnd();
    expect((await readMessages(it, id)).map(textOf)).toEqual(['Hello.', 'Small.', large, 'Hello.']);
  });

  test('that fills up under code holds it up, and nothing of it is lost or told twice', async () => {
    const folder = smallDisk();
    const it = await setup({ database: join(folder, 'a.db') });
    const gate = createGate();
    const output = [runsCode('print()', [{ type: 'logs', logs: large }]), says('Done.')];
    it.upstream.will({ output, gate, before: 'response.output_item.done' });
    const { stream } = await streamRun(it, {}, { tools: [{ type: 'code_interpreter' }] });
    const told = collect(stream);
    await it.engine.tick();
    await gate.reached;
    const free = fill(folder);
    gate.open();
    await until(() => it.lines.some((line) => line.includes('its disk is full')));
    await it.clock.advance(60_000);
    free();
    await it.clock.advance(2000);
    await it.engine.idle();
    const events = await told;
    await expectTold(it, events);
    expect(story(events).slice(2)).toEqual([
      'run.in_progress',
      ...callStory,
      'run.step.completed',
      ...messageStory,
      'run.completed',
    ]);
    expect(it.upstream.requests).toHaveLength(1);
  });

  test('that fills up under a run holds it up, and nothing is bought twice', async () => {
    const folder = smallDisk();
    const it = await setup({ database: join(folder, 'a.db') });
    const gate = createGate();
    it.upstream.will({ output: [says(large)], gate });
    const { run, thread_id } = await createRun(it);
    await it.engine.tick();
    await gate.reached;
    const free = fill(folder);
    gate.open();
    await until(() => it.lines.some((line) => line.includes('its disk is full')));
    await it.clock.advance(60_000);
    expect((await readRun(it, run)).status).toBe('in_progress');
    free();
    await it.clock.advance(2000);
    await it.engine.idle();
    const ended = await readRun(it, run);
    expect(ended).toMatchObject({ status: 'completed', usage: { total_tokens: 15 } });
    const messages = await readMessages(it, thread_id);
    expect(messages.map(textOf)).toEqual(['Weather in Oslo?', large]);
    expect(it.upstream.requests).toHaveLength(1);
  });

  test('that is read-only is refused in one sentence when the program starts', async () => {
    const folder = smallDisk();
    const database = join(folder, 'a.db');
    await (await openDatabase(database)).destroy();
    makeReadOnly(folder);
    await expect(openDatabase(database)).rejects.toThrow(
      /^Cannot open the database .*a\.db: .*(?:read-only|EROFS).*\.$/u,
    );
  });
});

test('a file that is replaced by garbage is a clear error, and no end of the program', async () => {
  const database = temporary();
  const it = await setup({ database });
  const { id } = await createThread(it);
  // The next connection has nothing of the file in its memory.
  const other = await setup({ database, ids: it.ids });
  const connection = new DatabaseSync(database);
  connection.exec('pragma wal_checkpoint(truncate)');
  connection.close();
  writeFileSync(database, 'garbage '.repeat(10_000));
  for (const one of [it, other]) {
    const answer = await one.request('POST', `/threads/${id}/messages`, {
      role: 'user',
      content: 'Hello?',
    });
    expect(answer.status).toBe(500);
    expect(answer.body.error.message).toMatch(
      /^The server cannot use its database: its file is (?:damaged|not a database)\.$/u,
    );
  }
  await expect(openDatabase(database)).rejects.toThrow('is not a database; choose another file.');
});

test('a long reader holds up nobody', async () => {
  const database = temporary();
  const it = await setup({ database });
  it.upstream.will({});
  const { run, thread_id } = await createRun(it);
  const reader = new DatabaseSync(database);
  reader.exec('begin');
  const count = reader.prepare('select count(*) as count from messages');
  expect({ ...count.get() }).toEqual({ count: 1 });
  await it.runToEnd();
  expect((await readRun(it, run)).status).toBe('completed');
  expect(await readMessages(it, thread_id)).toHaveLength(2);
  expect({ ...count.get() }).toEqual({ count: 1 });
  reader.exec('commit');
  expect({ ...count.get() }).toEqual({ count: 2 });
  reader.close();
});

test('a writer that takes its time is waited for', async () => {
  const database = temporary();
  const it = await setup({ database });
  const writer = new DatabaseSync(database);
  writer.exec('begin immediate');
  const asked = createThread(it);
  await turn(20);
  writer.exec('commit');
  writer.close();
  expect(await readMessages(it, (await asked).id)).toHaveLength(1);
});

test.each([
  [{ errcode: 5 }, 'another process keeps it locked'],
  [{ errcode: 13 }, 'its disk is full'],
  [{ errcode: 778 }, 'its disk fails'],
  [{ errcode: 1 }, null],
  [{ errcode: 2067 }, null],
  [{ code: '53100' }, 'its disk is full'],
  [{ code: 'ECONNREFUSED' }, 'it cannot be reached'],
  [{ code: '23505' }, null],
  [{}, null],
])('an error with %j: %s', (fields, reason) => {
  expect(unavailableReason(Object.assign(new Error('x'), fields))).toBe(reason);
});
