import { expect, test } from 'vitest';
import { setup } from '../../support/engine.ts';
import { createRun, readMessages, readRun, readSteps } from '../../support/conversation.ts';
import { generatedFileCitation, codeCall, textMessage } from '../../support/upstream-items.ts';

const tools = [{ type: 'code_interpreter' as const }];

test('generated files are listed as files of their message, without duplicates', async () => {
  const harness = await setup();
  const names = ['sum.csv', 'plot.png'];
  const containerFiles = names.map((name) => [`cfile_${name}`, new Blob([name])] as const);
  harness.storage.containers.set('cntr_first', new Map(containerFiles));
  const text = 'The sums: sandbox:/mnt/data/sum.csv, again: sandbox:/mnt/data/sum.csv.';
  const notes = ['sum.csv', 'plot.png', 'sum.csv'].map((name) => generatedFileCitation(name));
  harness.upstream.respondWith({ output: [codeCall('work()'), textMessage(text, notes)] });
  const { thread_id } = await createRun(harness, {}, { tools });
  await harness.runToEnd();
  const message = (await readMessages(harness, thread_id)).at(-1);
  const path = `/threads/${thread_id}/messages/${message?.id}/files?order=asc`;
  const { body } = await harness.request('GET', path);
  const listed = body.data.map(({ id }: { id: string }) => harness.storage.files.get(id)?.filename);
  expect(listed).toEqual(['sum.csv', 'plot.png']);
});

const imageBytes = (...bytes: (string | number)[]) => {
  const parts = bytes.map((part) => (typeof part === 'string' ? part : Uint8Array.of(part)));
  return Buffer.concat(parts.map((part) => Buffer.from(part)));
};

test.each([
  ['png', imageBytes(0x89, 'PNG\r\n')],
  ['jpeg', imageBytes(0xff, 0xd8, 0xff, 'JFIF')],
  ['gif', imageBytes('GIF89a')],
  ['webp', imageBytes('RIFF', 0, 0, 0, 0, 'WEBPVP8')],
])('an image output is saved with its type %s and can be downloaded', async (kind, bytes) => {
  const harness = await setup();
  const url = `data:application/octet-stream;base64,${bytes.toString('base64')}`;
  harness.upstream.respondWith({
    output: [codeCall('draw()', [{ type: 'image', url }]), textMessage('There.')],
  });
  const { run } = await createRun(harness, {}, { tools });
  await harness.runToEnd();
  const [step] = await readSteps(harness, run);
  const [stored] = harness.storage.files.values();
  expect(stored).toMatchObject({ filename: `image.${kind}`, purpose: 'vision' });
  expect(step?.step_details).toMatchObject({
    tool_calls: [
      { code_interpreter: { outputs: [{ type: 'image', image: { file_id: stored?.id } }] } },
    ],
  });
  const content = await harness.openai.files.content(stored?.id ?? '');
  expect(Buffer.from(await content.arrayBuffer()).equals(bytes)).toBe(true);
});

test('an image output that cannot be downloaded is omitted and logged', async () => {
  const harness = await setup();
  const url = 'https://api.openai.com/v1/drawings/1';
  harness.upstream.respondWith({
    output: [codeCall('draw()', [{ type: 'image', url }]), textMessage('There.')],
  });
  const { run } = await createRun(harness, {}, { tools });
  await harness.runToEnd();
  expect(await readRun(harness, run)).toMatchObject({ status: 'completed' });
  expect(harness.storage.files.size).toBe(0);
  expect(harness.logLines.join('')).toContain('The image could not be downloaded: HTTP 404.');
});
