import { expect, test } from 'vitest';
import { setup } from '../../support/engine.ts';
import { createRun, readMessages } from '../../support/conversation.ts';
import { textMessage } from '../../support/upstream-items.ts';

const tools = [{ type: 'code_interpreter' as const }];

/** A message with four files: two attached, one of them an image, and another image. */
async function setupWithFiles() {
  const harness = await setup();
  const { id: thread_id } = await harness.openai.beta.threads.create();
  await harness.clock.advance(7000);
  const message = await harness.openai.beta.threads.messages.create(thread_id, {
    role: 'user',
    content: [
      { type: 'image_file', image_file: { file_id: 'file-b' } },
      { type: 'image_file', image_file: { file_id: 'file-c' } },
      { type: 'image_url', image_url: { url: 'https://example.com/d.png' } },
    ],
    attachments: [
      { file_id: 'file-a', tools },
      { file_id: 'file-b', tools },
    ],
  });
  const path = `/threads/${thread_id}/messages/${message.id}/files`;
  const file = (id: string) => ({
    id,
    object: 'thread.message.file',
    created_at: 1_790_000_007,
    message_id: message.id,
  });
  return { ...harness, path, file, message };
}

test('lists the attachments and images of a message, each once', async () => {
  const { request, path, file } = await setupWithFiles();
  const { status, body } = await request('GET', `${path}?order=asc`);
  expect(status).toBe(200);
  expect(body).toEqual({
    object: 'list',
    data: [file('file-a'), file('file-b'), file('file-c')],
    first_id: 'file-a',
    last_id: 'file-c',
    has_more: false,
  });
});

test.each([
  ['', ['c', 'b', 'a'], false],
  ['?limit=2', ['c', 'b'], true],
  ['?limit=2&after=file-b', ['a'], false],
  ['?order=asc&limit=1', ['a'], true],
  ['?order=asc&after=file-a', ['b', 'c'], false],
  ['?before=file-a&limit=1', ['b'], true],
  ['?order=asc&before=file-b', ['a'], false],
])('returns the page for the query "%s"', async (query, names, has_more) => {
  const { request, path } = await setupWithFiles();
  const { body } = await request('GET', `${path}${query}`);
  expect(body.data.map(({ id }: { id: string }) => id.replace('file-', ''))).toEqual(names);
  expect(body.has_more).toBe(has_more);
});

test.each(['assistants=v1', 'assistants=v2'])(
  'retrieves one file with the header %s',
  async (beta) => {
    const { request, path, file } = await setupWithFiles();
    const { status, body } = await request('GET', `${path}/file-c`, undefined, {
      'openai-beta': beta,
    });
    expect([status, body]).toEqual([200, file('file-c')]);
  },
);

test('answers 404 for a file that the message does not have', async () => {
  const { request, path, message } = await setupWithFiles();
  const { status, body } = await request('GET', `${path}/file-z`);
  expect(status).toBe(404);
  expect(body.error.message).toBe(`No file found with id 'file-z' in message '${message.id}'.`);
});

test('answers 404 for the files of a message that does not exist', async () => {
  const { request, message } = await setupWithFiles();
  const { thread_id } = message;
  const absent = await request('GET', `/threads/${thread_id}/messages/msg_nowhere/files`);
  expect([absent.status, absent.body.error.message]).toEqual([
    404,
    "No message found with id 'msg_nowhere'.",
  ]);
});

test('lists a generated file with its message', async () => {
  const harness = await setup();
  const text = 'Here: sandbox:/mnt/data/a.csv';
  harness.upstream.respondWith({
    output: [textMessage(text, [{ type: 'file_path', file_id: 'file-generated', index: 0 }])],
  });
  const { thread_id } = await createRun(harness);
  await harness.runToEnd();
  const [, message] = await readMessages(harness, thread_id);
  const { body } = await harness.request(
    'GET',
    `/threads/${thread_id}/messages/${message?.id}/files`,
  );
  expect(body.data).toMatchObject([{ id: 'file-generated', message_id: message?.id }]);
});
