import { expect, test } from 'vitest';
import { createClient } from '../../src/backend/openai-client.ts';
import { setup, type Harness } from '../support/engine.ts';
import { listen } from '../support/loopback-server.ts';
import { connectTools } from '../support/mcp.ts';
import { createCallRecorder, workingClock } from '../support/all-operations.ts';
import { generatedFileCitation, codeCall, textMessage } from '../support/upstream-items.ts';

const png = new Uint8Array(Buffer.from('\u0089PNG\r\n\u001A\nplot', 'latin1'));

/** Clients of the engine in this process, and of a remote server without message files. */
const clients = {
  embedded: async (harness: Harness) => createClient({ fetch: harness.fetchWithFiles }),
  remote: async (harness: Harness) => {
    const origin = await listen((request) =>
      /\/messages\/[^/]+\/files/u.test(request.url)
        ? new Response('Not Found', { status: 404 })
        : harness.fetchWithFiles(request),
    );
    return createClient({ baseURL: `${origin}/v1`, apiKey: null, apiVersion: null });
  },
};

test.each(['embedded', 'remote'] as const)(
  'lists each generated file of a message once and shows its content (%s)',
  async (mode) => {
    const harness = await setup({ withholds: true });
    const container = [
      ['cfile_plot.png', new Blob([png])],
      ['cfile_sum.csv', new Blob(['a,b\n1,2\n'])],
    ] as const;
    harness.storage.containers.set('cntr_first', new Map(container));
    const host = await connectTools({
      isVerbose: true,
      openai: await clients[mode](harness),
      clock: workingClock(harness),
    });
    const { call } = createCallRecorder(host);
    const tools = [{ type: 'code_interpreter' }];
    const { id: assistant_id } = await call('create_assistant', { model: 'gpt-4.1', tools });
    const annotations = ['sum.csv', 'plot.png', 'sum.csv'].map((name) =>
      generatedFileCitation(name),
    );
    const text = 'See sandbox:/mnt/data/sum.csv and sandbox:/mnt/data/sum.csv.';
    harness.upstream.respondWith({ output: [codeCall('save()'), textMessage(text, annotations)] });
    const thread = { messages: [{ role: 'user', content: 'Sum it up.' }] };
    const run = await call('create_thread_and_run', { assistant_id, thread });
    expect(run.status).toBe('completed');
    const { thread_id } = run;
    const [{ id: message_id }] = (await call('list_messages', { thread_id })).data;

    const ids = { thread_id, message_id };
    const { data } = await call('list_message_files', { ...ids, order: 'asc' });
    const names: string[] = [];
    for (const link of data) {
      expect(await call('get_message_file', { ...ids, file_id: link.id })).toEqual(link);
      names.push((await call('get_file', { file_id: link.id })).filename);
    }
    expect(names).toEqual(['sum.csv', 'plot.png']);
    const [table, plot] = data;
    const content = await host.call('get_file_content', { file_id: plot.id });
    const image = { mimeType: 'image/png', data: Buffer.from(png).toString('base64') };
    expect(content.images).toEqual([{ type: 'image', ...image }]);
    expect((await call('get_file_content', { file_id: table.id })).text).toBe('a,b\n1,2\n');
    const repeated = await call('list_message_files', { ...ids, order: 'asc' });
    expect(repeated.data).toEqual(data);
  },
);
