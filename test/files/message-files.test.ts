import { expect, test } from 'vitest';
import { setup } from '../support/engine.ts';
import { createRun, readMessages } from '../support/talk.ts';
import { makes, runsCode, says } from '../support/upstream-items.ts';

const tools = [{ type: 'code_interpreter' as const }];

test('what a run made is listed with its message, images first, each once', async () => {
  const it = await setup();
  const names = ['sum.csv', 'plot.png'];
  const inside = names.map((name) => [`cfile_${name}`, new Blob([name])] as const);
  it.storage.containers.set('cntr_first', new Map(inside));
  const text = 'The sums: sandbox:/mnt/data/sum.csv, again: sandbox:/mnt/data/sum.csv.';
  const notes = ['sum.csv', 'plot.png', 'sum.csv'].map((name) => makes(name));
  it.upstream.will({ output: [runsCode('work()'), says(text, notes)] });
  const { thread_id } = await createRun(it, {}, { tools });
  await it.runToEnd();
  const message = (await readMessages(it, thread_id)).at(-1);
  const path = `/threads/${thread_id}/messages/${message?.id}/files?order=asc`;
  const { body } = await it.request('GET', path);
  const listed = body.data.map(({ id }: { id: string }) => it.storage.files.get(id)?.filename);
  expect(listed).toEqual(['plot.png', 'sum.csv']);
});
