import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { openDatabase } from '../../../src/engine/store/open.ts';
import { unavailableReason } from '../../../src/engine/store/errors.ts';
import { eventLoopTurn, waitUntil } from '../../support/clock.ts';
import { setup } from '../../support/engine.ts';
import { temporary } from '../../support/temporary-files.ts';
import {
  callEventNames,
  collect,
  expectStreamMatchesStored,
  messageEventNames,
  eventNames,
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
import { codeCall, textMessage } from '../../support/upstream-items.ts';
import {
  fill,
  makeReadOnly,
  mountSmallDisk,
  smallDiskUnavailable,
} from '../../support/small-disk.ts';

const errorBody = (reason: string) => ({
  error: {
    message: `The server cannot use its database: ${reason}.`,
    type: 'server_error',
    param: null,
    code: null,
  },
});

const why = smallDiskUnavailable();
const large = 'word '.repeat(50_000);

describe.skipIf(why !== null)(`a small disk${why === null ? '' : ` (skipped: ${why})`}`, () => {
  test('that is full causes a clear error, rolls back, and works again later', async () => {
    const folder = mountSmallDisk();
    const harness = await setup({ database: join(folder, 'a.db') });
    const { id } = await createThread(harness, 'Hello.');
    const { run, assistant_id } = await createRun(harness);
    await harness.openai.beta.threads.runs.cancel(run.id, { thread_id: run.thread_id });
    await harness.runToEnd();
    const free = fill(folder);
    const messages = [
      { role: 'user', content: 'Small.' },
      { role: 'user', content: large },
    ];
    const params = { assistant_id, additional_messages: messages };
    const response = await harness.request('POST', `/threads/${id}/runs`, params);
    expect(response).toMatchObject({ status: 500, body: errorBody('its disk is full') });
    expect((await readMessages(harness, id)).map(textOf)).toEqual(['Hello.']);
    expect((await harness.request('GET', `/threads/${id}/runs`)).body.data).toEqual([]);
    expect(harness.logLines.filter((line) => line.includes('"level":"error"'))).toHaveLength(1);
    free();
    harness.upstream.respondWith({});
    expect((await harness.request('POST', `/threads/${id}/runs`, params)).status).toBe(200);
    await harness.runToEnd();
    expect((await readMessages(harness, id)).map(textOf)).toEqual([
      'Hello.',
      'Small.',
      large,
      'Hello.',
    ]);
  });

  test('that fills up during a code interpreter call delays it without losing or repeating events', async () => {
    const folder = mountSmallDisk();
    const harness = await setup({ database: join(folder, 'a.db') });
    const gate = createGate();
    const output = [codeCall('print()', [{ type: 'logs', logs: large }]), textMessage('Done.')];
    harness.upstream.respondWith({ output, gate, before: 'response.output_item.done' });
    const { stream } = await streamRun(harness, {}, { tools: [{ type: 'code_interpreter' }] });
    const collected = collect(stream);
    await harness.engine.tick();
    await gate.reached;
    const free = fill(folder);
    gate.open();
    await waitUntil(() => harness.logLines.some((line) => line.includes('its disk is full')));
    await harness.clock.advance(60_000);
    free();
    await harness.clock.advance(2000);
    await harness.engine.idle();
    const events = await collected;
    await expectStreamMatchesStored(harness, events);
    expect(eventNames(events).slice(2)).toEqual([
      'run.in_progress',
      ...callEventNames,
      'run.step.completed',
      ...messageEventNames,
      'run.completed',
    ]);
    expect(harness.upstream.requests).toHaveLength(1);
  });

  test('that fills up during a run delays it without repeating a model call', async () => {
    const folder = mountSmallDisk();
    const harness = await setup({ database: join(folder, 'a.db') });
    const gate = createGate();
    harness.upstream.respondWith({ output: [textMessage(large)], gate });
    const { run, thread_id } = await createRun(harness);
    await harness.engine.tick();
    await gate.reached;
    const free = fill(folder);
    gate.open();
    await waitUntil(() => harness.logLines.some((line) => line.includes('its disk is full')));
    await harness.clock.advance(60_000);
    expect((await readRun(harness, run)).status).toBe('in_progress');
    free();
    await harness.clock.advance(2000);
    await harness.engine.idle();
    const ended = await readRun(harness, run);
    expect(ended).toMatchObject({ status: 'completed', usage: { total_tokens: 15 } });
    const messages = await readMessages(harness, thread_id);
    expect(messages.map(textOf)).toEqual(['Weather in Oslo?', large]);
    expect(harness.upstream.requests).toHaveLength(1);
  });

  test('that is read-only stops the program with one sentence', async () => {
    const folder = mountSmallDisk();
    const database = join(folder, 'a.db');
    await (await openDatabase(database)).destroy();
    makeReadOnly(folder);
    await expect(openDatabase(database)).rejects.toThrow(
      /^Cannot open the database .*a\.db: .*(?:read-only|EROFS).*\.$/u,
    );
  });
});

test('a file that is overwritten with garbage causes a clear error, not a crash', async () => {
  const database = temporary();
  const harness = await setup({ database });
  const { id } = await createThread(harness);
  // A new connection has no cached pages of the file.
  const other = await setup({ database, ids: harness.ids });
  const connection = new DatabaseSync(database);
  connection.exec('pragma wal_checkpoint(truncate)');
  connection.close();
  writeFileSync(database, 'garbage '.repeat(10_000));
  for (const one of [harness, other]) {
    const response = await one.request('POST', `/threads/${id}/messages`, {
      role: 'user',
      content: 'Hello?',
    });
    expect(response.status).toBe(500);
    expect(response.body.error.message).toMatch(
      /^The server cannot use its database: its file is (?:damaged|not a database)\.$/u,
    );
  }
  await expect(openDatabase(database)).rejects.toThrow('is not a database; choose another file.');
});

test('a long read does not block writers', async () => {
  const database = temporary();
  const harness = await setup({ database });
  harness.upstream.respondWith({});
  const { run, thread_id } = await createRun(harness);
  const reader = new DatabaseSync(database);
  reader.exec('begin');
  const count = reader.prepare('select count(*) as count from messages');
  expect({ ...count.get() }).toEqual({ count: 1 });
  await harness.runToEnd();
  expect((await readRun(harness, run)).status).toBe('completed');
  expect(await readMessages(harness, thread_id)).toHaveLength(2);
  expect({ ...count.get() }).toEqual({ count: 1 });
  reader.exec('commit');
  expect({ ...count.get() }).toEqual({ count: 2 });
  reader.close();
});

test('writers wait for a slow transaction', async () => {
  const database = temporary();
  const harness = await setup({ database });
  const writer = new DatabaseSync(database);
  writer.exec('begin immediate');
  const creation = createThread(harness);
  await eventLoopTurn(20);
  writer.exec('commit');
  writer.close();
  expect(await readMessages(harness, (await creation).id)).toHaveLength(1);
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
