import type OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { createChatUpstream } from '../../support/chat-upstream.ts';
import { apiKey, setup } from '../../support/engine.ts';
import { createAssistant, readRun } from '../../support/conversation.ts';

const shown = (file_id: string): OpenAI.Beta.ThreadCreateParams.Message => ({
  role: 'user',
  content: [
    { type: 'text', text: 'Look:' },
    { type: 'image_file', image_file: { file_id } },
  ],
});

async function show(file: (harness: Awaited<ReturnType<typeof setup>>) => Promise<string>) {
  const upstream = createChatUpstream({ apiKey });
  const harness = await setup({ model: 'chat', endpoint: upstream });
  upstream.respondWith({});
  const { id: assistant_id } = await createAssistant(harness);
  const { id } = await harness.openai.beta.threads.create({
    messages: [shown(await file(harness))],
  });
  const run = await harness.openai.beta.threads.runs.create(id, { assistant_id });
  await harness.runToEnd();
  return { upstream, run: await readRun(harness, run) };
}

describe('an image in a file', () => {
  const png = new Uint8Array([0x89, 0x50, 0x4e, 0x47]);

  test('is read from the endpoint and shown in a URL', async () => {
    const { upstream, run } = await show(async ({ openai }) => {
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

  test('that is not there fails the run in one sentence', async () => {
    const { upstream, run } = await show(() => Promise.resolve('file-missing'));
    expect(run).toMatchObject({ status: 'failed', last_error: { code: 'invalid_prompt' } });
    expect(run.last_error?.message).toMatch(
      /^The image in file file-missing cannot be shown to the model: .*file-missing/u,
    );
    expect(upstream.requests).toEqual([]);
  });

  test('on a server without files fails the run in one sentence', async () => {
    const endpoint = createChatUpstream();
    const harness = await setup({
      model: 'chat',
      baseURL: 'http://localhost:8000/api/v1',
      endpoint,
    });
    const { id: assistant_id } = await createAssistant(harness);
    const { id } = await harness.openai.beta.threads.create({ messages: [shown('file-cat')] });
    const run = await harness.openai.beta.threads.runs.create(id, { assistant_id });
    await harness.runToEnd();
    expect((await readRun(harness, run)).last_error).toMatchObject({
      code: 'invalid_prompt',
      message: expect.stringContaining('The image in file file-cat cannot be shown'),
    });
  });
});
