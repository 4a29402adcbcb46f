import { describe, expect, test } from 'vitest';
import { pullFrom, startHost } from '../../../support/assistants-host.ts';
import { outcomeOf, openTerminal } from '../../../support/transfer.ts';
import { runPrune } from '../../../../src/cli/commands/prune.ts';
import {
  assistant,
  completedRun,
  question,
  reply,
  thread,
  toolStep,
} from '../../../support/examples.ts';
import { errorResponse } from '../../../support/fake-assistants-server.ts';
import { sdkFor, startServe } from '../../../support/serve.ts';
import { createClock, start } from '../../../support/clock.ts';

const created_at = start / 1000;

const info = (id: string, fields: object = {}) => ({
  id,
  object: 'file',
  bytes: 5,
  created_at,
  filename: `${id}.txt`,
  purpose: 'assistants_output',
  status: 'processed',
  ...fields,
});

/** A file of every place that can name one. */
const files = {
  'file-assistant': { info: info('file-assistant'), content: 'one' },
  'file-thread': { info: info('file-thread', { purpose: 'user_data' }), content: 'two' },
  'file-attached': { info: info('file-attached'), content: 'three' },
  'file-image': { info: info('file-image', { filename: 'plot.png' }), content: 'four' },
  'file-cited': { info: info('file-cited'), content: 'five' },
  'file-drawn': { info: info('file-drawn'), content: 'six' },
};

const annotation = {
  type: 'file_path',
  text: '[1]',
  start_index: 0,
  end_index: 3,
  file_path: { file_id: 'file-cited' },
};

const data = {
  assistants: [
    { ...assistant, tool_resources: { code_interpreter: { file_ids: ['file-assistant'] } } },
  ],
  threads: [{ ...thread, tool_resources: { code_interpreter: { file_ids: ['file-thread'] } } }],
  messages: {
    [thread.id]: [
      {
        ...question,
        attachments: [{ file_id: 'file-attached', tools: [{ type: 'code_interpreter' }] }],
      },
      {
        ...reply,
        content: [
          { type: 'image_file', image_file: { file_id: 'file-image' } },
          { type: 'text', text: { value: '[1]', annotations: [annotation] } },
        ],
      },
    ],
  },
  runs: { [thread.id]: [completedRun] },
  steps: {
    [completedRun.id]: [
      {
        ...toolStep,
        step_details: {
          type: 'tool_calls',
          tool_calls: [
            {
              id: 'call_1',
              type: 'code_interpreter',
              code_interpreter: {
                input: 'plot()',
                outputs: [{ type: 'image', image: { file_id: 'file-drawn' } }],
              },
            },
          ],
        },
      },
    ],
  },
  files,
};

describe('files that a server gives', () => {
  test('are copied under their ids, and served with their names and contents', async () => {
    const host = await startHost(data);
    const { code, lines, store } = await pullFrom(host.url);
    expect([code, lines]).toEqual([
      0,
      [
        `Imported 1 assistant, 1 thread, 2 messages, 1 run, 1 run step and 6 files from ${host.url}.`,
      ],
    ]);
    const server = await startServe({ argv: ['--database', store.database] });
    const openai = sdkFor(server);
    for (const [id, file] of Object.entries(files)) {
      expect(await openai.files.retrieve(id)).toMatchObject({
        id,
        created_at,
        filename: file.info.filename,
        purpose: file.info.purpose,
        bytes: file.content.length,
      });
      expect(await (await openai.files.content(id)).text()).toBe(file.content);
    }
  });

  test('are downloaded once, also by a second import', async () => {
    const host = await startHost(data);
    const { store } = await pullFrom(host.url);
    await pullFrom(host.url, { database: store.database });
    const downloads = host.requests.filter((line) => line.endsWith('/content'));
    expect(downloads.toSorted()).toEqual(
      Object.keys(files)
        .map((id) => `/files/${id}/content`)
        .toSorted(),
    );
  });

  test('are downloaded by the next import if the first one ended between message and file', async () => {
    let isDown = true;
    const host = await startHost(data, {
      answer: (_request, path) =>
        isDown && path === '/files/file-attached' ? errorResponse(401, 'Expired.') : undefined,
    });
    const first = await pullFrom(host.url);
    isDown = false;
    const second = await pullFrom(host.url, { database: first.store.database });
    expect([first.code, second.code]).toEqual([1, 0]);
    expect(second.lines[0]).toContain('Imported 3 files from');
  });

  test('stay where they are if the server is the model endpoint too', async () => {
    const host = await startHost(data);
    const { code } = await pullFrom(host.url, { modelBaseUrl: host.url });
    expect([code, host.requests.filter((line) => line.startsWith('/files'))]).toEqual([0, []]);
  });

  test('of an assistant are not pruned, though they belong to no thread', async () => {
    const host = await startHost(data);
    const { store } = await pullFrom(host.url);
    const terminal = openTerminal({});
    const clock = createClock(start + 86_400_000);
    const params = {
      database: store.database,
      olderThan: 1,
      dryRun: true,
      pruneFiles: false,
      clock,
    };
    const { stderr } = await outcomeOf(terminal, runPrune(terminal, params));
    expect(stderr).toBe('Would delete 1 thread, 2 messages, 1 run and 5 files.\n');
  });
});

const attached = (attachments: readonly object[]) => ({
  assistants: [],
  threads: [thread],
  messages: { [thread.id]: [{ ...question, attachments }] },
});
const attachment = { file_id: 'file-a', tools: [{ type: 'code_interpreter' }] };
const refused = () => errorResponse(400, 'Not allowed to download files of purpose: assistants');

describe('files that a server does not give are named, and their ids stay', () => {
  test.each([
    ['gone', {}, 'HTTP 404: No such File object: file-a.'],
    [
      'uploaded for assistants (OpenAI)',
      { 'file-a': { info: info('file-a', { purpose: 'assistants' }), content: refused } },
      'HTTP 400: Not allowed to download files of purpose: assistants.',
    ],
    [
      'too large',
      { 'file-a': { info: info('file-a', { bytes: 64 * 2 ** 20 + 1 }) } },
      'It is larger than 64 MiB.',
    ],
  ])('because they are %s', async (_, hostFiles, reason) => {
    const host = await startHost({ ...attached([attachment]), files: hostFiles });
    const { code, lines, exported } = await pullFrom(host.url);
    expect([code, lines.slice(1)]).toEqual([
      1,
      ['Not imported:', `- file file-a of message ${question.id} of ${thread.id}: ${reason}`],
    ]);
    expect((await exported()).at(-1)?.['attachments']).toEqual([attachment]);
  });

  test('and so are vector stores', async () => {
    const tool_resources = { file_search: { vector_store_ids: ['vs_1'] } };
    const host = await startHost({ assistants: [{ ...assistant, tool_resources }] });
    const { code, lines, exported } = await pullFrom(host.url);
    expect([code, lines.at(-1)]).toEqual([
      1,
      `- vector store vs_1 of assistant ${assistant.id}: Vector stores are not copied; the id is kept.`,
    ]);
    expect((await exported())[0]).toMatchObject({ tool_resources });
  });
});
