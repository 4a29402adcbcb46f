import { toFile } from 'openai';
import { expect, test } from 'vitest';
import { createClock } from '../support/clock.ts';
import { apiKey } from '../support/engine.ts';
import { listen } from '../support/loopback-server.ts';
import { sdkFor, startServe } from '../support/serve.ts';
import { apiErrorOf, textOf } from '../support/conversation.ts';
import { createStorage } from '../support/upstream-files.ts';
import {
  fileCitation,
  searchResult,
  generatedFileCitation,
  codeCall,
  textMessage,
  searchCall,
} from '../support/upstream-items.ts';
import { createUpstream } from '../support/upstream.ts';

/** Starts `serve` in front of an endpoint where files for assistants cannot be downloaded. */
async function start() {
  const storage = createStorage({ clock: createClock(), apiKey, refusesDownloads: true });
  const upstream = createUpstream({ apiKey });
  const endpoint = await listen((request) =>
    request.url.endsWith('/responses') ? upstream.fetch(request) : storage.fetch(request),
  );
  const env = { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: `${endpoint}/v1` };
  const served = await startServe({ env });
  return { storage, upstream, served, openai: sdkFor(served) };
}

test('a client uploads, attaches and searches a file through one base URL', async () => {
  const { upstream, openai } = await start();
  const file = await toFile(Buffer.from('Sunrise 06:12'), 'sun.txt');
  const { id: file_id } = await openai.files.create({ file, purpose: 'assistants' });
  const { assistants, threads } = openai.beta;
  const assistant = await assistants.create({ model: 'm', tools: [{ type: 'file_search' }] });
  const attachments = [{ file_id, tools: [{ type: 'file_search' as const }] }];
  const messages = [{ role: 'user' as const, content: 'When is sunrise?', attachments }];
  upstream.respondWith({
    output: [
      searchCall('sunrise', [searchResult(file_id, '06:12')]),
      textMessage('06:12', [fileCitation(file_id, 5)]),
    ],
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
  expect(upstream.rejections).toEqual([]);
});

test('the server serves generated files itself and uploaded files from the model endpoint', async () => {
  const { storage, upstream, served, openai } = await start();
  const bytes = Uint8Array.from({ length: 3_000_000 }, (_, index) => (index * 7) % 256);
  storage.containers.set('cntr_first', new Map([['cfile_a.bin', new Blob([bytes])]]));
  storage.addFile('file-own');
  upstream.respondWith({
    output: [codeCall('save()'), textMessage('See.', [generatedFileCitation('a.bin')])],
  });
  const { assistants, threads } = openai.beta;
  const { id } = await assistants.create({ model: 'm', tools: [{ type: 'code_interpreter' }] });
  const thread = { messages: [{ role: 'user' as const, content: 'Save it.' }] };
  const run = await threads.createAndRunPoll({ assistant_id: id, thread });
  const { data } = await threads.messages.list(run.thread_id, { order: 'desc' });
  const [part] = data[0]?.content ?? [];
  const [annotation] = part?.type === 'text' ? part.text.annotations : [];
  const file_id = annotation?.type === 'file_path' ? annotation.file_path.file_id : '';
  const requestCount = storage.requests.length;

  const content = await openai.files.content(file_id);
  expect(Buffer.from(await content.arrayBuffer()).equals(bytes)).toBe(true);
  expect(content.headers.get('content-disposition')).toContain('filename="a.bin"');
  expect(content.headers.get('x-request-id')).toMatch(/^req_/u);
  const path = `${served.url}/v1/files/${file_id}/content`;
  const head = await fetch(path, { method: 'HEAD' });
  expect([head.status, head.headers.get('content-length')]).toEqual([200, '3000000']);
  expect(await head.text()).toBe('');
  expect(await openai.files.retrieve(file_id)).toMatchObject({ purpose: 'assistants_output' });
  expect(storage.requests).toHaveLength(requestCount);

  expect(await openai.files.retrieve('file-own')).toMatchObject({ purpose: 'assistants' });
  expect((await apiErrorOf(openai.files.content('file-own'))).message).toBe(
    'Not allowed to download files of purpose: assistants',
  );
  expect(await openai.files.delete(file_id)).toMatchObject({ id: file_id, deleted: true });
  expect([...storage.files.keys()]).toEqual(['file-own']);
  expect(await apiErrorOf(openai.files.content(file_id))).toMatchObject({ status: 404 });
});
