import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { until } from '../support/clock.ts';
import { apiKey, setup } from '../support/engine.ts';
import { temporary } from '../support/files.ts';
import { createRun, readRun } from '../support/talk.ts';

/** Does something to the tables behind the engine's back. */
function vandalise(database: string, sql: string): void {
  const connection = new DatabaseSync(database);
  connection.exec(sql);
  connection.close();
}

test('a fault of the server is a 500 that tells nothing of its inside', async () => {
  const database = temporary();
  const it = await setup({ database });
  vandalise(database, 'alter table threads rename to elsewhere');
  const { status, body } = await it.request('GET', '/threads');
  expect(status).toBe(500);
  expect(body.error).toEqual({
    message: expect.stringMatching(/^The server had an error processing your request\. Sorry/u),
    type: 'server_error',
    param: null,
    code: null,
  });
  const logged = it.lines.filter((line) => line.includes('"level":"error"'));
  expect(logged).toHaveLength(1);
  expect(logged[0]).toContain('no such table');
  vandalise(database, 'alter table elsewhere rename to threads');
  expect((await it.request('GET', '/threads')).status).toBe(200);
});

test('the worker outlives a fault of the store', async () => {
  const database = temporary();
  const it = await setup({ database });
  it.upstream.will({});
  const { run } = await createRun(it);
  vandalise(database, 'alter table runs rename to elsewhere');
  it.engine.start();
  await until(() => it.lines.some((line) => line.includes('"level":"error"')));
  vandalise(database, 'alter table elsewhere rename to runs');
  await it.clock.advance(10_000);
  await until(async () => (await readRun(it, run)).status === 'completed');
  expect(it.upstream.requests).toHaveLength(1);
});

test('nothing a user said and no key is in the log', async () => {
  const it = await setup();
  it.upstream.will({});
  await createRun(it, {
    instructions: 'private instructions',
    metadata: { secret: 'private metadata' },
    additional_messages: [{ role: 'user', content: 'private message' }],
  });
  await it.runToEnd();
  const log = it.lines.join('');
  expect(log).toContain('"path":"/v1/assistants"');
  expect(log).not.toContain('private');
  expect(log).not.toContain(apiKey);
});
