import { expect, test } from 'vitest';
import { setup } from '../../support/engine.ts';
import { createRun, readMessages, readRun, readSteps } from '../../support/conversation.ts';
import { makes, runsCode, says } from '../../support/upstream-items.ts';

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

const drawing = (...bytes: (string | number)[]) => {
  const parts = bytes.map((part) => (typeof part === 'string' ? part : Uint8Array.of(part)));
  return Buffer.concat(parts.map((part) => Buffer.from(part)));
};

test.each([
  ['png', drawing(0x89, 'PNG\r\n')],
  ['jpeg', drawing(0xff, 0xd8, 0xff, 'JFIF')],
  ['gif', drawing('GIF89a')],
  ['webp', drawing('RIFF', 0, 0, 0, 0, 'WEBPVP8')],
])('a drawing is kept as the %s that it is, and can be had again', async (kind, bytes) => {
  const it = await setup();
  const url = `data:application/octet-stream;base64,${bytes.toString('base64')}`;
  it.upstream.will({ output: [runsCode('draw()', [{ type: 'image', url }]), says('There.')] });
  const { run } = await createRun(it, {}, { tools });
  await it.runToEnd();
  const [step] = await readSteps(it, run);
  const [kept] = it.storage.files.values();
  expect(kept).toMatchObject({ filename: `image.${kind}`, purpose: 'vision' });
  expect(step?.step_details).toMatchObject({
    tool_calls: [
      { code_interpreter: { outputs: [{ type: 'image', image: { file_id: kept?.id } }] } },
    ],
  });
  const content = await it.openai.files.content(kept?.id ?? '');
  expect(Buffer.from(await content.arrayBuffer()).equals(bytes)).toBe(true);
});

test('a drawing that is nowhere to be had is left out, and said so', async () => {
  const it = await setup();
  const url = 'https://api.openai.com/v1/drawings/1';
  it.upstream.will({ output: [runsCode('draw()', [{ type: 'image', url }]), says('There.')] });
  const { run } = await createRun(it, {}, { tools });
  await it.runToEnd();
  expect(await readRun(it, run)).toMatchObject({ status: 'completed' });
  expect(it.storage.files.size).toBe(0);
  expect(it.lines.join('')).toContain('The image could not be fetched: HTTP 404.');
});
