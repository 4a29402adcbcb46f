import type OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { createChatUpstream } from '../../support/chat-upstream.ts';
import { apiKey, setup, type Harness, type HarnessOptions } from '../../support/engine.ts';
import { temporary } from '../../support/temporary-files.ts';
import {
  createAssistant,
  createRun,
  readMessages,
  readRun,
  readSteps,
  apiErrorOf,
} from '../../support/conversation.ts';
import { generatedFileCitation, codeCall, textMessage } from '../../support/upstream-items.ts';

const tools = [{ type: 'code_interpreter' as const }];
const everyByte = Uint8Array.from({ length: 100_000 }, (_, index) => (index * 7) % 256);
const png = new Uint8Array(Buffer.from('\u0089PNG\r\n\u001A\nplot', 'latin1'));
const drawing = `data:image/png;base64,${Buffer.from(png).toString('base64')}`;

const bytesOf = async ({ openai }: Harness, id: string) =>
  new Uint8Array(await (await openai.files.content(id)).arrayBuffer());

/** A harness whose endpoint does not return files with purpose assistants. */
const open = (options: HarnessOptions = {}) => setup({ withholds: true, ...options });

/** A run that generates these files, and their ids in its message. */
async function generateFiles(harness: Harness, files: Readonly<Record<string, Blob>>) {
  const names = Object.keys(files);
  const containerFiles = Object.entries(files).map(
    ([name, file]) => [`cfile_${name}`, file] as const,
  );
  harness.storage.containers.set('cntr_first', new Map(containerFiles));
  const notes = names.map((name) => generatedFileCitation(name));
  harness.upstream.respondWith({ output: [codeCall('save()'), textMessage('Done.', notes)] });
  const { run, thread_id } = await createRun(harness, {}, { tools });
  await harness.runToEnd();
  const message = (await readMessages(harness, thread_id)).at(-1);
  const ids = (message?.content ?? []).flatMap((part): string[] => {
    if (part.type === 'image_file') return [part.image_file.file_id];
    if (part.type !== 'text') return [];
    return part.text.annotations.flatMap((note) =>
      note.type === 'file_path' ? [note.file_path.file_id] : [],
    );
  });
  return { run, thread_id, ids };
}

const generateFile = async (
  harness: Harness,
  name = 'sum.csv',
  content = new Blob([everyByte]),
) => {
  const { ids, ...made } = await generateFiles(harness, { [name]: content });
  const [id] = ids;
  if (id === undefined) throw new Error('the message shows no file');
  return { ...made, id };
};

describe('a generated file can be downloaded', () => {
  test('if the endpoint does not return it', async () => {
    const harness = await open();
    const { id } = await generateFile(harness);
    expect(harness.storage.files.get(id)?.purpose).toBe('assistants');
    const before = harness.storage.requests.length;
    expect(await bytesOf(harness, id)).toEqual(everyByte);
    const file = {
      id,
      object: 'file',
      bytes: everyByte.length,
      created_at: 1_790_000_000,
      filename: 'sum.csv',
      purpose: 'assistants_output',
      status: 'processed',
    } satisfies OpenAI.FileObject;
    expect(await harness.openai.files.retrieve(id)).toEqual(file);
    expect(harness.storage.requests).toHaveLength(before);
    expect(await harness.openai.files.delete(id)).toEqual({ id, object: 'file', deleted: true });
    expect(harness.storage.requests.at(-1)).toBe(`DELETE /files/${id}`);
    expect(harness.storage.files.size).toBe(0);
    expect((await apiErrorOf(harness.openai.files.content(id))).message).toContain(
      `No such File object`,
    );
  });

  test.each([404, 403])('if the endpoint rejects uploads with %i', async (status) => {
    const harness = await open({ lacks: { files: status } });
    const { id } = await generateFile(harness);
    expect(id).toMatch(/^file-[0-9A-Za-z]{24}$/u);
    expect(await bytesOf(harness, id)).toEqual(everyByte);
    expect(harness.logLines.join('')).toContain('generated file not uploaded, saved locally only');
    const before = harness.storage.requests.length;
    expect(await harness.openai.files.delete(id)).toMatchObject({ deleted: true });
    expect(harness.storage.requests).toHaveLength(before);
    expect((await apiErrorOf(harness.openai.files.retrieve(id))).status).toBe(status);
  });

  test('if it is an image of a message or step', async () => {
    const harness = await open({ lacks: { files: 404 } });
    harness.storage.containers.set('cntr_first', new Map([['cfile_plot.png', new Blob([png])]]));
    const outputs = [{ type: 'image', url: drawing } as const];
    harness.upstream.respondWith({
      output: [
        codeCall('draw()', outputs),
        textMessage('See.', [generatedFileCitation('plot.png')]),
      ],
    });
    const { run, thread_id } = await createRun(harness, {}, { tools });
    await harness.runToEnd();
    const [step] = await readSteps(harness, run);
    const json = JSON.stringify([step, await readMessages(harness, thread_id)]);
    const ids = new Set([...json.matchAll(/"file_id":"(?<id>[^"]+)"/gu)].map(([, id]) => id));
    const contents = await Promise.all(
      [...ids].map((id) => harness.openai.files.content(id ?? '')),
    );
    expect(contents.map(({ headers }) => headers.get('content-type'))).toContain('image/png');
    for (const content of contents)
      expect(new Uint8Array(await content.arrayBuffer())).toEqual(png);
    // The output of the call and the file of the message are the same image.
    expect(contents).toHaveLength(1);
  });

  test('under any name, and always as an attachment', async () => {
    const harness = await open();
    const name = 'a "b" 100%\\é🥶.html';
    const page = new Blob(['<script>'], { type: 'text/html' });
    const { headers } = await harness.openai.files.content(
      (await generateFile(harness, name, page)).id,
    );
    expect(headers.get('content-type')).toBe('text/html');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-disposition')).toBe(
      `attachment; filename="a _b_ 100____.html"; filename*=UTF-8''${encodeURIComponent(name)}`,
    );
  });

  test('after its thread is deleted', async () => {
    const harness = await open();
    const { id, thread_id } = await generateFile(harness);
    await harness.openai.beta.threads.delete(thread_id);
    expect(await bytesOf(harness, id)).toEqual(everyByte);
  });

  test('with the scripted model', async () => {
    const database = temporary();
    const { id } = await generateFile(await open({ database }));
    const harness = await setup({ database, model: 'scripted' });
    expect(await bytesOf(harness, id)).toEqual(everyByte);
    expect(await apiErrorOf(harness.openai.files.content('file-other'))).toMatchObject({
      status: 404,
    });
    await harness.openai.files.delete(id);
    expect(await apiErrorOf(harness.openai.files.retrieve(id))).toMatchObject({ status: 404 });
  });
});

test('attaching a file that exists only as a local copy is rejected', async () => {
  const harness = await open({ lacks: { files: 404 } });
  const { id } = await generateFile(harness);
  const { id: assistant_id } = await createAssistant(harness, { tools });
  const attachments = [{ file_id: id, tools }];
  const messages = [{ role: 'user' as const, content: 'Read it.', attachments }];
  const { beta } = harness.openai;
  const request = beta.threads.createAndRun({ assistant_id, thread: { messages } });
  expect(await apiErrorOf(request)).toMatchObject({
    status: 400,
    code: 'unsupported_file',
    message: `File '${id}' exists only on this server. Download it and upload it to the model endpoint before using it with tools.`,
  });
  const run = await beta.threads.createAndRun({ assistant_id, thread: { messages }, tools: [] });
  expect(run.status).toBe('queued');
});

test('requests for all other files go to the endpoint', async () => {
  const harness = await open();
  const { id } = await generateFile(harness);
  harness.storage.addFile('file-own');
  const { data } = await harness.openai.files.list();
  expect(data.map((file) => file.id)).toEqual([id, 'file-own']);
  expect(await harness.openai.files.retrieve('file-own')).toMatchObject({ purpose: 'assistants' });
  expect(await apiErrorOf(harness.openai.files.content('file-own'))).toMatchObject({
    status: 400,
    message: 'Not allowed to download files of purpose: assistants',
  });
});

test('a copy is kept if the endpoint fails to delete its file', async () => {
  const lacks: Record<string, number> = {};
  const harness = await open({ lacks });
  const { id } = await generateFile(harness);
  lacks['files'] = 403;
  expect(await apiErrorOf(harness.openai.files.delete(id))).toMatchObject({ status: 500 });
  expect(await bytesOf(harness, id)).toEqual(everyByte);
  lacks['files'] = 404;
  expect(await harness.openai.files.delete(id)).toMatchObject({ deleted: true });
});

test('a file larger than 64 MiB gets no local copy, which is logged', async () => {
  const harness = await open();
  const { id } = await generateFile(
    harness,
    'large.bin',
    new Blob([new Uint8Array(64 * 2 ** 20 + 1)]),
  );
  expect(harness.storage.files.get(id)?.bytes).toBe(64 * 2 ** 20 + 1);
  expect(await apiErrorOf(harness.openai.files.content(id))).toMatchObject({ status: 400 });
  expect(harness.logLines.join('')).toContain('generated file too large for a local copy');
});

test('an image that exists only as a local copy is sent to Chat Completions', async () => {
  const database = temporary();
  const lacks = { files: 404 };
  const maker = await open({ database, lacks });
  const { id } = await generateFile(maker, 'plot.png', new Blob([png]));
  const endpoint = createChatUpstream({ apiKey });
  const harness = await setup({ database, model: 'chat', endpoint, lacks, ids: maker.ids });
  const { id: assistant_id } = await createAssistant(harness);
  const content = [{ type: 'image_file' as const, image_file: { file_id: id } }];
  const thread = await harness.openai.beta.threads.create({
    messages: [{ role: 'user', content }],
  });
  endpoint.respondWith({});
  const run = await harness.openai.beta.threads.runs.create(thread.id, { assistant_id });
  await harness.runToEnd();
  expect((await readRun(harness, run)).status).toBe('completed');
  expect(endpoint.sent().messages.at(-1)?.content).toEqual([
    { type: 'image_url', image_url: { url: drawing, detail: 'auto' } },
  ]);
});
