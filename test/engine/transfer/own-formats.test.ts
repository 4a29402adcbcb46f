import { expect, test } from 'vitest';
import { thread } from '../../support/examples.ts';
import { createStore, objectsIn } from '../../support/transfer.ts';

const plain = { id: 'msg_1', thread_id: 'thread_1', created_at: 1_700_000_000, role: 'user' };
const declared = { ...plain, object: 'thread.message' };
const image = 'https://example.com/a.png';

test.each<[name: string, message: object, content: unknown]>([
  [
    'a text',
    { ...declared, content: 'Hi' },
    [{ type: 'text', text: { value: 'Hi', annotations: [] } }],
  ],
  ['nothing', { ...declared, content: null }, []],
  [
    'texts',
    { ...declared, content: ['a', 'b'] },
    [
      { type: 'text', text: { value: 'a', annotations: [] } },
      { type: 'text', text: { value: 'b', annotations: [] } },
    ],
  ],
  [
    'one part',
    { ...plain, content: { type: 'text', text: 'Hi' } },
    [{ type: 'text', text: { value: 'Hi', annotations: [] } }],
  ],
  [
    'parts of the Responses API',
    {
      ...plain,
      content: [
        { type: 'input_text', text: 'Hi' },
        { type: 'input_image', image_url: image, detail: 'low' },
        { type: 'input_image', file_id: 'file-1' },
      ],
    },
    [
      { type: 'text', text: { value: 'Hi', annotations: [] } },
      { type: 'image_url', image_url: { url: image, detail: 'low' } },
      { type: 'image_file', image_file: { file_id: 'file-1' } },
    ],
  ],
  [
    'an image of Chat Completions',
    { ...plain, content: [{ type: 'image_url', image_url: { url: image } }] },
    [{ type: 'image_url', image_url: { url: image } }],
  ],
  [
    'null for the annotations',
    { ...declared, content: [{ type: 'text', text: { value: 'Hi', annotations: null } }] },
    [{ type: 'text', text: { value: 'Hi', annotations: [] } }],
  ],
])('imports a message whose content is %s', async (_, message, content) => {
  const store = createStore();
  expect(await store.importText(JSON.stringify(message))).toMatchObject({ code: 0 });
  expect(objectsIn((await store.exportAll()).stdout)[1]).toMatchObject({ id: 'msg_1', content });
});

test('keeps annotations of other services, and completes those of files', async () => {
  const store = createStore();
  const citation = { type: 'url_citation', text: '[1]', url_citation: { url: image, title: 'A' } };
  const value = 'See [1] and [2].';
  const annotations = [
    citation,
    { type: 'file_citation', text: '[2]', file_citation: { file_id: 'file-1' } },
  ];
  await store.importObjects([
    { ...declared, content: [{ type: 'text', text: { value, annotations } }] },
  ]);
  const completed = { ...annotations[1], start_index: 12, end_index: 15 };
  expect(objectsIn((await store.exportAll()).stdout)[1]).toMatchObject({
    content: [{ type: 'text', text: { value, annotations: [citation, completed] } }],
  });
});

test.each([
  ['2026-08-26', 1_787_702_400],
  ['2026-08-26T10:00:00Z', 1_787_738_400],
  ['2026-08-26 12:00:00.123456+02', 1_787_738_400],
  ['2026-08-26T05:30:00-04:30', 1_787_738_400],
  ['2026-08-26 10:00:00 UTC', 1_787_738_400],
  ['20260826100000', 1_787_738_400],
  ['1787738400', 1_787_738_400],
  [1_787_738_400_123, 1_787_738_400],
  [1_787_738_400.9, 1_787_738_400],
])('takes the time %s', async (created_at, seconds) => {
  const store = createStore();
  await store.importObjects([{ ...thread, created_at }]);
  expect(objectsIn((await store.exportAll()).stdout)).toMatchObject([{ created_at: seconds }]);
});

test.each<[name: string, file: unknown, thread: object]>([
  [
    'a thread with its messages and nothing else',
    { id: 'conversation 1', messages: [{ id: 'm', role: 'user', content: 'Hi', created_at: 5 }] },
    { id: 'conversation 1', created_at: 5, metadata: {} },
  ],
  [
    'rows of a database that have the ids of the API too',
    [
      {
        id: 17,
        openaiThreadId: 'thread_1',
        messages: [{ id: 3, message_id: 'm', role: 'user', content: 'Hi', time: 5 }],
      },
    ],
    { id: 'thread_1', created_at: 5, metadata: { openai_thread_id: '17' } },
  ],
  [
    'a message with its thread as an object',
    {
      thread: { id: 'thread_1', created_at: 4 },
      message: { id: 'm', role: 'user', content: 'Hi', date: 5 },
    },
    { id: 'thread_1', created_at: 4 },
  ],
])('imports %s', async (_, file, expected) => {
  const store = createStore();
  const { code, stderr } = await store.importText(JSON.stringify(file));
  expect([code, stderr]).toEqual([
    0,
    expect.stringContaining('Imported 1 thread and 1 message from'),
  ]);
  expect(objectsIn((await store.exportAll()).stdout)).toMatchObject([
    expected,
    { thread_id: Reflect.get(expected, 'id'), created_at: 5 },
  ]);
});
