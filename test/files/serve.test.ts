import { toFile } from 'openai';
import { expect, test } from 'vitest';
import { createClock } from '../support/clock.ts';
import { apiKey } from '../support/engine.ts';
import { listen } from '../support/loopback.ts';
import { sdkFor, startServe } from '../support/serve.ts';
import { textOf } from '../support/talk.ts';
import { createStorage } from '../support/upstream-files.ts';
import { cites, found, says, searches } from '../support/upstream-items.ts';
import { createUpstream } from '../support/upstream.ts';

test('a file is uploaded, attached and searched, all through one base URL', async () => {
  const storage = createStorage({ clock: createClock(), apiKey });
  const upstream = createUpstream({ apiKey });
  const endpoint = await listen((request) =>
    request.url.endsWith('/responses') ? upstream.fetch(request) : storage.fetch(request),
  );
  const env = { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: `${endpoint}/v1` };
  const openai = sdkFor(await startServe({ env }));
  const file = await toFile(Buffer.from('Sunrise 06:12'), 'sun.txt');
  const { id: file_id } = await openai.files.create({ file, purpose: 'assistants' });
  const { assistants, threads } = openai.beta;
  const assistant = await assistants.create({ model: 'm', tools: [{ type: 'file_search' }] });
  const attachments = [{ file_id, tools: [{ type: 'file_search' as const }] }];
  const messages = [{ role: 'user' as const, content: 'When is sunrise?', attachments }];
  upstream.will({
    output: [searches('sunrise', [found(file_id, '06:12')]), says('06:12', [cites(file_id, 5)])],
  });
  const run = await threads.createAndRunPoll({ assistant_id: assistant.id, thread: { messages } });
  expect(run.status).toBe('completed');
  const { tool_resources } = await threads.retrieve(run.thread_id);
  const [store = ''] = tool_resources?.file_search?.vector_store_ids ?? [];
  expect((await openai.vectorStores.retrieve(store)).file_counts).toMatchObject({ completed: 1 });
  const { data } = await threads.messages.list(run.thread_id);
  expect(data.map((message) => textOf(message))).toEqual([
    `06:12【0:0†${file_id}.txt】`,
    'When is sunrise?',
  ]);
  expect(upstream.refusals).toEqual([]);
});
