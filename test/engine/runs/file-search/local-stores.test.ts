import { expect, test, vi } from 'vitest';
import { toolCall } from '../../../support/chat-replies.ts';
import { createChatUpstream } from '../../../support/chat-upstream.ts';
import { readRun, readSteps } from '../../../support/conversation.ts';
import { setup } from '../../../support/engine.ts';
import { lastText, searchCalls } from '../../../support/searching.ts';
import { createUpstream } from '../../../support/upstream.ts';
import { functionCall, textMessage } from '../../../support/upstream-items.ts';

/** Files are read by a process of their own, which takes real time. */
const waiting = { timeout: 30_000, interval: 50 };

const missing = { files: 404, vector_stores: 404 };
const answer = 'At 8【1】.';
const args = { query: 'office Oslo opens' };

/** Model servers without files and vector stores, and the scripted model. */
const backends = {
  'Chat Completions': async () => {
    const upstream = createChatUpstream();
    upstream.respondWith({ calls: [toolCall('file_search', args)] }, { text: answer });
    const endpoint = { baseURL: 'http://model/v1', endpoint: upstream, key: null };
    return setup({ model: 'chat', lacks: missing, ...endpoint });
  },
  Responses: async () => {
    const upstream = createUpstream({ apiKey: null });
    upstream.respondWith(
      { output: [functionCall('file_search', args)] },
      { output: [textMessage(answer)] },
    );
    const endpoint = { baseURL: 'http://model/v1', endpoint: upstream, key: null };
    return setup({ model: 'responses', lacks: missing, ...endpoint });
  },
  'the scripted model': async () => setup({ model: 'scripted', key: null }),
};

type Backend = keyof typeof backends;

test.each<Backend>(['Chat Completions', 'Responses', 'the scripted model'])(
  'a document that a user attaches is searched in this database, and cited, with %s',
  async (backend) => {
    const harness = await backends[backend]();
    harness.engine.start();
    const { openai } = harness;
    const content = 'Vacation is 28 days.\n\nThe office in Oslo opens at 8 o’clock.';
    const file = await openai.files.create({
      file: new File([content], 'office.txt'),
      purpose: 'assistants',
    });
    const assistant = await openai.beta.assistants.create({
      model: 'llama-3.3',
      tools: [{ type: 'file_search' }],
    });
    const thread = await openai.beta.threads.create({
      messages: [
        {
          role: 'user',
          content: 'When opens the office in Oslo?',
          attachments: [{ file_id: file.id, tools: [{ type: 'file_search' }] }],
        },
      ],
    });
    const [store = ''] = thread.tool_resources?.file_search?.vector_store_ids ?? [];
    await vi.waitFor(async () => {
      const { file_counts } = await openai.vectorStores.retrieve(store);
      expect(file_counts).toMatchObject({ completed: 1, in_progress: 0 });
    }, waiting);
    const run = await openai.beta.threads.runs.create(thread.id, { assistant_id: assistant.id });
    await vi.waitFor(async () => {
      expect((await readRun(harness, run)).completed_at).not.toBeNull();
    }, waiting);
    await harness.engine.idle();
    const ended = await readRun(harness, run);
    expect([ended.status, ended.last_error]).toEqual(['completed', null]);
    expect(await lastText(harness, thread.id)).toContain('【0:0†office.txt】');
    const [call] = await searchCalls(harness, run);
    expect(call?.results?.[0]).toMatchObject({ file_id: file.id, file_name: 'office.txt' });
    expect((await readSteps(harness, run)).map(({ type }) => type)).toEqual([
      'tool_calls',
      'message_creation',
    ]);
  },
  60_000,
);
