import { Client } from '@modelcontextprotocol/client';
import { describe, expect, test } from 'vitest';
import { allTools } from '../../src/tools/registry.ts';
import { createFakeServer, errorResponse } from '../support/fake-assistants-server.ts';
import { callTool, createPatientClock, createPerson } from '../support/forms.ts';
import { createWaitingClock } from '../support/mcp.ts';
import {
  connectOverHttp,
  connectOverStdio,
  type FormSupport,
  type Peer,
  type PeerName,
  peerNames,
} from '../support/mcp-peers.ts';

const accept = { action: 'accept', content: {} } as const;
const threadLine = 'DELETE /threads/thread_a';

const page = (count: number, hasMore = false) => ({
  object: 'list',
  data: Array.from({ length: count }, (_, index) => ({ id: `msg_${index}` })),
  has_more: hasMore,
});

const deleted = { id: 'x', object: 'deleted', deleted: true };

const script = {
  'GET /threads/thread_a/messages': page(2),
  'GET /threads/thread_a/messages/msg_a': {
    id: 'msg_a',
    role: 'user',
    content: [
      { type: 'text', text: { value: `Hello\n\u202e${'!'.repeat(200)}`, annotations: [] } },
    ],
  },
  'GET /assistants/asst_a': { id: 'asst_a', name: 'Tutor "Eve"' },
  'GET /files/file-a': { id: 'file-a', filename: 'report.pdf', bytes: 1 },
  [threadLine]: deleted,
  'DELETE /threads/thread_a/messages/msg_a': deleted,
  'DELETE /assistants/asst_a': deleted,
  'DELETE /files/file-a': deleted,
  'GET /vector_stores/vs_a': { id: 'vs_a', name: 'Manuals', file_counts: { total: 3 } },
  'DELETE /vector_stores/vs_a': deleted,
};

/** A client with the person, on a server that has one object of each kind. */
async function start(name: PeerName, forms: FormSupport | undefined, replies: object = {}) {
  const server = createFakeServer({ ...script, ...replies });
  const { peer } = await connectOverStdio(name, {
    openai: async () => server.openai,
    argv: ['--toolsets', 'all,vector_stores'],
    clock: createPatientClock(),
    ...(forms && { forms }),
  });
  const deletions = () => server.requestLines.filter((line) => line.startsWith('DELETE'));
  return { peer, deletions };
}

const calls = [
  [
    'delete_thread',
    { thread_id: 'thread_a' },
    'Delete the thread thread_a with 2 messages and all of its runs?',
  ],
  [
    'delete_message',
    { thread_id: 'thread_a', message_id: 'msg_a' },
    `Delete the message msg_a of the user, "Hello\\n\\u202e${'!'.repeat(93)}… [cut: 100 of 207 characters]"?`,
  ],
  [
    'delete_assistant',
    { assistant_id: 'asst_a' },
    'Delete the assistant "Tutor \\"Eve\\"" (asst_a)?',
  ],
  ['delete_file', { file_id: 'file-a' }, 'Delete the file "report.pdf" (file-a, 1 byte)?'],
  [
    'delete_vector_store',
    { vector_store_id: 'vs_a' },
    'Delete the vector store "Manuals" (vs_a) with 3 files?',
  ],
] as const;

test('there is a question for every tool that deletes', () => {
  const tools = allTools.filter(({ effect }) => effect === 'delete');
  expect(tools.map(({ name }) => name).toSorted()).toEqual(calls.map(([name]) => name).toSorted());
});

describe.each(peerNames)('%s over stdio', (peerName) => {
  test.each(calls)('%s asks and deletes', async (name, args, message) => {
    const { shown, forms } = createPerson(accept);
    const { peer, deletions } = await start(peerName, forms);
    expect((await callTool(peer, name, args)).object).toMatchObject({ deleted: true });
    expect(shown).toMatchObject([{ message, requestedSchema: { type: 'object' } }]);
    expect(shown[0]?.requestedSchema.properties).toEqual({});
    expect(deletions()).toHaveLength(1);
  });

  test.each(calls)('%s deletes nothing when the person declines', async (name, args) => {
    const { forms } = createPerson({ action: 'decline' });
    const { peer, deletions } = await start(peerName, forms);
    expect((await callTool(peer, name, args)).object).toEqual({
      deleted: false,
      reason: 'The person declined, so nothing was deleted. Do not ask them again.',
    });
    expect(deletions()).toEqual([]);
  });

  test('nothing is deleted when the person closes the question', async () => {
    const { forms } = createPerson({ action: 'cancel' });
    const { peer, deletions } = await start(peerName, forms);
    expect((await callTool(peer, 'delete_thread', { thread_id: 'thread_a' })).object).toEqual({
      deleted: false,
      reason: 'The person closed the question, so nothing was deleted.',
    });
    expect(deletions()).toEqual([]);
  });

  test('an answer without content is an answer', async () => {
    const { forms } = createPerson({ action: 'accept' });
    const { peer, deletions } = await start(peerName, forms);
    await callTool(peer, 'delete_thread', { thread_id: 'thread_a' });
    expect(deletions()).toEqual([threadLine]);
  });

  test.each([
    ['no forms', undefined],
    ['pages only', { declared: { url: {} }, answer: null }],
  ])('a client that declares %s is not asked', async (_, forms) => {
    const { peer, deletions } = await start(peerName, forms);
    expect((await callTool(peer, 'delete_thread', { thread_id: 'thread_a' })).object).toEqual(
      deleted,
    );
    expect(deletions()).toEqual([threadLine]);
  });

  test('a client that declares its forms by name is asked', async () => {
    const { shown, forms } = createPerson(accept);
    const { peer } = await start(peerName, { ...forms, declared: { form: {}, url: {} } });
    await callTool(peer, 'delete_thread', { thread_id: 'thread_a' });
    expect(shown).toHaveLength(1);
  });

  test.each([
    [page(1), '1 message'],
    [page(0), '0 messages'],
    [page(100, true), 'more than 100 messages'],
  ])('the question counts the messages (%#)', async (messages, count) => {
    const { shown, forms } = createPerson({ action: 'decline' });
    const { peer } = await start(peerName, forms, { 'GET /threads/thread_a/messages': messages });
    await callTool(peer, 'delete_thread', { thread_id: 'thread_a' });
    expect(shown[0]?.message).toContain(` with ${count} and `);
  });

  test('nobody is asked about what does not exist', async () => {
    const { shown, forms } = createPerson(accept);
    const missing = errorResponse(404, "No assistant found with id 'asst_a'.");
    const { peer, deletions } = await start(peerName, forms, { 'GET /assistants/asst_a': missing });
    const { error } = await callTool(peer, 'delete_assistant', { assistant_id: 'asst_a' });
    expect(error).toContain("HTTP 404: No assistant found with id 'asst_a'.");
    expect([shown, deletions()]).toEqual([[], []]);
  });

  test('the question has the id alone when the object cannot be read', async () => {
    const { shown, forms } = createPerson(accept);
    const broken = errorResponse(400, 'Broken.');
    const { peer, deletions } = await start(peerName, forms, { 'GET /assistants/asst_a': broken });
    await callTool(peer, 'delete_assistant', { assistant_id: 'asst_a' });
    expect(shown).toMatchObject([{ message: 'Delete the assistant asst_a?' }]);
    expect(deletions()).toHaveLength(1);
  });
});

const failToAnswer = () => Promise.reject(new Error('No window.'));

describe.each(['the 2025 SDK', 'the 2026 client in 2025'] as const)('%s', (peerName) => {
  test('that declares forms and has none deletes as if it declared none', async () => {
    const { peer, deletions } = await start(peerName, { answer: null });
    await callTool(peer, 'delete_thread', { thread_id: 'thread_a' });
    expect(deletions()).toEqual([threadLine]);
  });

  test('that fails to ask deletes nothing', async () => {
    const { peer, deletions } = await start(peerName, { answer: failToAnswer });
    const { error } = await callTool(peer, 'delete_thread', { thread_id: 'thread_a' });
    expect(error).toMatch(
      /^The host could not ask the person: .*No window.* Nothing was deleted\./u,
    );
    expect(deletions()).toEqual([]);
  });

  test('that never answers deletes nothing, and its form is closed', async () => {
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    const answer = (_: unknown, signal: AbortSignal) =>
      new Promise<never>(() => signal.addEventListener('abort', () => resolve()));
    const server = createFakeServer(script);
    const { peer } = await connectOverStdio(peerName, {
      openai: async () => server.openai,
      clock: createWaitingClock(),
      forms: { answer },
    });
    const { error } = await callTool(peer, 'delete_thread', { thread_id: 'thread_a' });
    expect(error).toContain('The person did not answer within 10 minutes. Nothing was deleted.');
    // The 2025 SDK ignores that its first request is cancelled.
    if (peerName === 'the 2026 client in 2025') await closed;
    expect(server.requestLines).not.toContain(threadLine);
  });

  test('that ends the call before the answer deletes nothing', async () => {
    const call = new AbortController();
    const answer = () => {
      call.abort();
      return accept;
    };
    const { peer, deletions } = await start(peerName, { answer });
    const { signal } = call;
    const args = { name: 'delete_thread', arguments: { thread_id: 'thread_a' } };
    const ended =
      peer instanceof Client
        ? peer.callTool(args, { signal })
        : peer.callTool(args, undefined, { signal });
    await expect(ended).rejects.toThrow(/abort/u);
    await callTool(peer, 'get_thread', { thread_id: 'thread_b' });
    expect(deletions()).toEqual([]);
  });

  test('gets progress while the person thinks', async () => {
    const messages: (string | undefined)[] = [];
    const { promise: reported, resolve } = Promise.withResolvers<void>();
    const answer = async () => {
      await reported;
      return accept;
    };
    const { peer } = await start(peerName, { answer });
    const args = { name: 'delete_thread', arguments: { thread_id: 'thread_a' } };
    const onprogress = ({ message }: { message?: string | undefined }) => {
      messages.push(message);
      resolve();
    };
    await (peer instanceof Client
      ? peer.callTool(args, { onprogress })
      : peer.callTool(args, undefined, { onprogress }));
    expect(messages).toEqual(['Waiting for the answer of the person.']);
  });
});

const countThreads = async (peer: Peer): Promise<number> =>
  (await callTool(peer, 'list_threads', {})).object.data.length;

describe('over HTTP', () => {
  test.each([
    [accept, 0],
    [{ action: 'decline' } as const, 1],
  ])('the 2026 client asks (%#)', async (answer, left) => {
    const { shown, forms } = createPerson(answer);
    const { peer } = await connectOverHttp('the 2026 client', '', forms);
    const { object: thread } = await callTool(peer, 'create_thread', {});
    const { object } = await callTool(peer, 'delete_thread', { thread_id: thread.id });
    expect(object.deleted).toBe(left === 0);
    expect(shown[0]?.message).toBe(
      `Delete the thread ${thread.id} with 0 messages and all of its runs?`,
    );
    expect(await countThreads(peer)).toBe(left);
  });

  test.each(['the 2025 SDK', 'the 2026 client in 2025'] as const)(
    '%s, whose calls do not say what it declares, is not asked',
    async (peerName) => {
      const { shown, forms } = createPerson({ action: 'decline' });
      const { peer } = await connectOverHttp(peerName, '', forms);
      const { object: thread } = await callTool(peer, 'create_thread', {});
      await callTool(peer, 'delete_thread', { thread_id: thread.id });
      expect([shown.length, await countThreads(peer)]).toEqual([0, 0]);
    },
  );
});
