import type OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { createChatUpstream } from '../../support/chat-upstream.ts';
import { apiKey, setup } from '../../support/engine.ts';
import { createAssistant, readRun } from '../../support/conversation.ts';

const messageWithImage = (file_id: string): OpenAI.Beta.ThreadCreateParams.Message => ({
  role: 'user',
  content: [
    { type: 'text', text: 'Look:' },
    { type: 'image_file', image_file: { file_id } },
  ],
});

/** Runs a thread with an image message to its end. */
async function runWithImage(
  uploadImage: (harness: Awaited<ReturnType<typeof setup>>) => Promise<string>,
) {
  const upstream = createChatUpstream({ apiKey });
  const harness = await setup({ model: 'chat', endpoint: upstream });
  upstream.respondWith({});
  const { id: assistant_id } = await createAssistant(harness);
  const { id } = await harness.openai.beta.threads.create({
    messages: [messageWithImage(await uploadImage(harness))],
  });
  const run = await harness.openai.beta.threads.runs.create(id, { assistant_id });
  await harness.runToEnd();
  return { upstream, run: await readRun(harness, run) };
}

describe('an image file in a message', () => {
  const png = new Uint8Array([0x89, 0x50, 0x4e, 0x47]);

  test('is sent to Chat Completions as a data URL', async () => {
    const { upstream, run } = await runWithImage(async ({ openai }) => {
      const file = new File([png], 'cat.png', { type: 'image/png' });
      return (await openai.files.create({ file, purpose: 'vision' })).id;
    });
    expect([run.status, run.last_error]).toEqual(['completed', null]);
    const url = `data:image/png;base64,${Buffer.from(png).toString('base64')}`;
    expect(upstream.sent().messages[1]?.content).toContainEqual({
      type: 'image_url',
      image_url: { url, detail: 'auto' },
    });
  });

  test('fails the run with the reason if the file does not exist', async () => {
    const { upstream, run } = await runWithImage(() => Promise.resolve('file-missing'));
    expect(run).toMatchObject({ status: 'failed', last_error: { code: 'invalid_prompt' } });
    expect(run.last_error?.message).toMatch(
      /^The image in file file-missing cannot be shown to the model: .*file-missing/u,
    );
    expect(upstream.requests).toEqual([]);
  });

  test('fails the run with the reason if the server has no files', async () => {
    const endpoint = createChatUpstream();
    const harness = await setup({
      model: 'chat',
      baseURL: 'http://localhost:8000/api/v1',
      endpoint,
    });
    const { id: assistant_id } = await createAssistant(harness);
    const { id } = await harness.openai.beta.threads.create({
      messages: [messageWithImage('file-cat')],
    });
    const run = await harness.openai.beta.threads.runs.create(id, { assistant_id });
    await harness.runToEnd();
    expect((await readRun(harness, run)).last_error).toMatchObject({
      code: 'invalid_prompt',
      message: expect.stringContaining('The image in file file-cat cannot be shown'),
    });
  });
});
