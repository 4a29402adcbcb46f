import { expect, test } from 'vitest';
import { openDatabase } from '../../../src/engine/store/open.ts';
import { runFiles } from '../../../src/engine/store/files.ts';
import { apiKey, setup } from '../../support/engine.ts';
import { temporary } from '../../support/temporary-files.ts';
import { locateDatabase } from '../../support/test-database.ts';
import { createRun, readMessages, readRun, readSteps } from '../../support/conversation.ts';
import { createUpstream } from '../../support/upstream.ts';
import { generatedFileCitation, codeCall, textMessage } from '../../support/upstream-items.ts';

const tools = [{ type: 'code_interpreter' as const }];
/** Without files at the endpoint, every copy gets a new id. */
const lacks = { files: 404 };
const drawing = 'data:image/png;base64,iVBORw0K';

/** The ids of a run's copies in the database. */
async function copiesOf(database: string, { id }: { id: string }) {
  const db = await openDatabase(await locateDatabase(database));
  const ids = await runFiles(db, id);
  await db.destroy();
  return ids;
}

/** A run that has shown one file, saved another, and waits for a third that never arrives. */
async function openStuck(database: string) {
  const upstream = createUpstream({ apiKey });
  const downloadStarted = Promise.withResolvers<void>();
  const fetch: typeof upstream.fetch = (input, init) => {
    if (!new Request(input, init).url.endsWith('/drawing')) return upstream.fetch(input, init);
    downloadStarted.resolve();
    return new Promise(() => {});
  };
  const harness = await setup({ database, lacks, endpoint: { ...upstream, fetch } });
  harness.storage.containers.set('cntr_first', new Map([['cfile_a.csv', new Blob(['1'])]]));
  const urls = [drawing, 'https://api.openai.com/v1/drawing'];
  const outputs = urls.map((url) => ({ type: 'image' as const, url }));
  upstream.respondWith({
    output: [textMessage('First.', [generatedFileCitation('a.csv')]), codeCall('draw()', outputs)],
  });
  const { run, thread_id } = await createRun(harness, {}, { tools });
  await harness.engine.tick();
  await downloadStarted.promise;
  expect(await copiesOf(database, run)).toHaveLength(2);
  return { harness, run, thread_id };
}

test('a copy that no message or step shows is deleted when its run is cancelled', async () => {
  const database = temporary();
  const { harness, run, thread_id } = await openStuck(database);
  await harness.openai.beta.threads.runs.cancel(run.id, { thread_id });
  await harness.engine.idle();
  expect((await readRun(harness, run)).status).toBe('cancelled');
  const [copy, ...others] = await copiesOf(database, run);
  expect(JSON.stringify(await readMessages(harness, thread_id))).toContain(copy);
  expect(others).toEqual([]);
});

test('the copies of a lost attempt are deleted when the next attempt ends', async () => {
  const database = temporary();
  const { harness, run } = await openStuck(database);
  await harness.engine.stop(0);
  const { clock, ids } = harness;
  const later = await setup({ database, lacks, clock, ids });
  const outputs = [{ type: 'image' as const, url: drawing }];
  later.upstream.respondWith({ output: [codeCall('draw()', outputs), textMessage('Done.')] });
  await later.runToEnd();
  expect((await readRun(later, run)).status).toBe('completed');
  const [copy, ...others] = await copiesOf(database, run);
  expect(JSON.stringify(await readSteps(later, run))).toContain(copy);
  expect(others).toEqual([]);
});

test('a copy is not saved if another process has taken over the run', async () => {
  const database = temporary();
  const harness = await setup({ database });
  const content = Promise.withResolvers<Uint8Array>();
  const downloadStarted = Promise.withResolvers<void>();
  const slow = Object.assign(new Blob(['1']), {
    stream: () =>
      new ReadableStream<Uint8Array>({
        async pull(controller) {
          downloadStarted.resolve();
          controller.enqueue(await content.promise);
          controller.close();
        },
      }),
  });
  harness.storage.containers.set('cntr_first', new Map([['cfile_a.csv', slow]]));
  harness.upstream.respondWith({
    output: [textMessage('Done.', [generatedFileCitation('a.csv')])],
  });
  const { run } = await createRun(harness, {}, { tools });
  await harness.engine.tick();
  await downloadStarted.promise;
  const db = await openDatabase(await locateDatabase(database));
  await db.updateTable('runs').set({ lease_token: 'another' }).where('id', '=', run.id).execute();
  content.resolve(new Uint8Array([1]));
  await harness.engine.idle();
  expect(harness.storage.files.size).toBe(1);
  expect(await runFiles(db, run.id)).toEqual([]);
  await db.destroy();
});
