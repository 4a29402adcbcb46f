import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { createIds, waitUntil } from '../../support/clock.ts';
import { apiKey, setup } from '../../support/engine.ts';
import { temporary } from '../../support/temporary-files.ts';
import { createRun, readRun } from '../../support/conversation.ts';
import { collect, streamRun } from '../../support/run-stream.ts';
import { createGate } from '../../support/upstream.ts';
import { textMessage } from '../../support/upstream-items.ts';

/** Changes the database behind the engine's back. */
function executeSql(database: string, sql: string): void {
  const connection = new DatabaseSync(database);
  connection.exec(sql);
  connection.close();
}

test('an internal error is a 500 without details, which are logged', async () => {
  const database = temporary();
  const harness = await setup({ database });
  executeSql(database, 'alter table threads rename to elsewhere');
  const { status, body } = await harness.request('GET', '/threads');
  expect(status).toBe(500);
  expect(body.error).toEqual({
    message: expect.stringMatching(/^The server had an error processing your request\. Sorry/u),
    type: 'server_error',
    param: null,
    code: null,
  });
  const errorLines = harness.logLines.filter((line) => line.includes('"level":"error"'));
  expect(errorLines).toHaveLength(1);
  expect(errorLines[0]).toContain('no such table');
  executeSql(database, 'alter table elsewhere rename to threads');
  expect((await harness.request('GET', '/threads')).status).toBe(200);
});

test('the worker continues after an error of the store', async () => {
  const database = temporary();
  const harness = await setup({ database });
  harness.upstream.respondWith({});
  const { run } = await createRun(harness);
  executeSql(database, 'alter table runs rename to elsewhere');
  harness.engine.start();
  await waitUntil(() => harness.logLines.some((line) => line.includes('"level":"error"')));
  executeSql(database, 'alter table elsewhere rename to runs');
  await harness.clock.advance(10_000);
  await waitUntil(async () => (await readRun(harness, run)).status === 'completed');
  expect(harness.upstream.requests).toHaveLength(1);
});

test('a run that hits a bug of the program fails and is not repeated', async () => {
  const ids = createIds();
  const newId = (prefix: string): string => {
    if (prefix === 'step_') throw new TypeError('this is no step');
    return ids.newId(prefix);
  };
  const harness = await setup({ ids: { ...ids, newId } });
  harness.upstream.respondWith({ output: [textMessage('Hello.')] });
  const { run } = await createRun(harness);
  await harness.runToEnd();
  expect(await readRun(harness, run)).toMatchObject({
    status: 'failed',
    last_error: {
      code: 'server_error',
      message: 'The server failed to process the run. The server log has the cause.',
    },
  });
  await harness.clock.advance(60_000);
  await harness.runToEnd();
  expect(harness.upstream.requests).toHaveLength(1);
  expect(harness.logLines.join('')).toContain('TypeError: this is no step');
});

test('the log contains no text of users and no API key', async () => {
  const harness = await setup();
  harness.upstream.respondWith({});
  await createRun(harness, {
    instructions: 'private instructions',
    metadata: { secret: 'private metadata' },
    additional_messages: [{ role: 'user', content: 'private message' }],
  });
  await harness.runToEnd();
  const log = harness.logLines.join('');
  expect(log).toContain('"path":"/v1/assistants"');
  expect(log).not.toContain('private');
  expect(log).not.toContain(apiKey);
});

test('an error of the store ends a stream with an error event', async () => {
  const database = temporary();
  const harness = await setup({ database });
  const gate = createGate();
  const before = 'response.output_text.done';
  harness.upstream.respondWith({ output: [textMessage('It is -3C.')], gate, before });
  const { stream } = await streamRun(harness);
  const outcome = collect(stream).catch((error: unknown) => error);
  await harness.engine.tick();
  await gate.reached;
  executeSql(database, 'alter table runs rename to elsewhere');
  gate.open();
  await harness.engine.idle();
  expect(await outcome).toMatchObject({
    message: 'The server had an error processing your request. Sorry about that!',
    type: 'server_error',
  });
  executeSql(database, 'alter table elsewhere rename to runs');
});

test('a stream that cannot read its run in the database ends, and the log has the cause', async () => {
  const database = temporary();
  const harness = await setup({ database });
  const { stream } = await streamRun(harness);
  const outcome = collect(stream).catch((error: unknown) => error);
  executeSql(database, 'alter table runs rename to elsewhere');
  await harness.clock.advance(1000);
  expect(await outcome).toMatchObject({ type: 'server_error' });
  executeSql(database, 'alter table elsewhere rename to runs');
  const lines = harness.logLines.filter((line) => line.includes('stream ended, its run goes on'));
  expect(lines).toEqual([expect.stringContaining('no such table')]);
});

test('a change whose Idempotency-Key cannot be stored is undone', async () => {
  const database = temporary();
  const harness = await setup({ database });
  const post = () =>
    harness.request('POST', '/threads', { metadata: {} }, { 'idempotency-key': 'key-1' });
  executeSql(
    database,
    "create trigger broken before update on idempotency_keys begin select raise(abort, 'no'); end",
  );
  expect((await post()).status).toBe(500);
  expect((await harness.request('GET', '/threads')).body.data).toEqual([]);
  executeSql(database, 'drop trigger broken');
  const { status, headers } = await post();
  expect([status, headers.get('idempotent-replayed')]).toEqual([200, null]);
});
