import { expect, test } from 'vitest';
import { createClient } from '../../src/backend/openai-client.ts';
import { setup, type Harness } from '../support/engine.ts';
import { listen } from '../support/loopback-server.ts';
import { connectTools } from '../support/mcp.ts';
import { createCallRecorder, workingClock } from '../support/all-operations.ts';
import { generatedFileCitation, codeCall, textMessage } from '../support/upstream-items.ts';

const png = new Uint8Array(Buffer.from('\u0089PNG\r\n\u001A\nplot', 'latin1'));

/** The engine in this process, and as a server elsewhere that has no message files. */
const ways = {
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
  'what code made is listed with its message, each once, and can be looked at (%s)',
  async (way) => {
    const harness = await setup({ withholds: true });
    const container = [
      ['cfile_plot.png', new Blob([png])],
      ['cfile_sum.csv', new Blob(['a,b\n1,2\n'])],
    ] as const;
    harness.storage.containers.set('cntr_first', new Map(container));
    const host = await connectTools({
      openai: await ways[way](harness),
      clock: workingClock(harness),
    });
    const { call } = createCallRecorder(host);
    const tools = [{ type: 'code_interpreter' }];
    const { id: assistant_id } = await call('create_assistant', { model: 'gpt-4.1', tools });
    const notes = ['sum.csv', 'plot.png', 'sum.csv'].map((name) => generatedFileCitation(name));
    const text = 'See sandbox:/mnt/data/sum.csv and sandbox:/mnt/data/sum.csv.';
    harness.upstream.respondWith({ output: [codeCall('save()'), textMessage(text, notes)] });
    const thread = { messages: [{ role: 'user', content: 'Sum it up.' }] };
    const run = await call('create_thread_and_run', { assistant_id, thread });
    expect(run.status).toBe('completed');
    const { thread_id } = run;
    const [{ id: message_id }] = (await call('list_messages', { thread_id })).data;

    const place = { thread_id, message_id };
    const { data } = await call('list_message_files', { ...place, order: 'asc' });
    const names: string[] = [];
    for (const link of data) {
      expect(await call('get_message_file', { ...place, file_id: link.id })).toEqual(link);
      names.push((await call('get_file', { file_id: link.id })).filename);
    }
    expect(names).toEqual(['plot.png', 'sum.csv']);
    const [plot, sum] = data;
    const shown = await host.call('get_file_content', { file_id: plot.id });
    const image = { mimeType: 'image/png', data: Buffer.from(png).toString('base64') };
    expect(shown.images).toEqual([{ type: 'image', ...image }]);
    expect((await call('get_file_content', { file_id: sum.id })).text).toBe('a,b\n1,2\n');
    const again = await call('list_message_files', { ...place, order: 'asc' });
    expect(again.data).toEqual(data);
  },
);
