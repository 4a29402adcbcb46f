import { describe, expect, test } from 'vitest';
import { apiErrorOf, createAssistant, createThread } from '../../support/conversation.ts';
import {
  codeInterpreter,
  retrieval,
  searchedFiles,
  send,
  storesOf,
  withFiles,
} from '../../support/v1-client.ts';

const model = 'gpt-4.1-mini';
const attachedTo = (...tools: string[]) => ({
  file_id: 'file-a',
  tools: tools.map((type) => ({ type })),
});
const both = attachedTo('code_interpreter', 'file_search');

const headers = [
  ['v1', { 'openai-beta': 'assistants=v1' }],
  ['v2', { 'openai-beta': 'assistants=v2' }],
  ['no version', { 'openai-beta': null }],
] as const;

describe('an assistant of version 1', () => {
  test.each(headers)('has its files in a vector store, with the header of %s', async (_, beta) => {
    const harness = await withFiles();
    const body = { model, tools: [retrieval], file_ids: ['file-a', 'file-b'] };
    const assistant = await send(harness, '/assistants', body, beta);
    expect(assistant).toMatchObject({ object: 'assistant', tools: [{ type: 'file_search' }] });
    expect(assistant).not.toHaveProperty('file_ids');
    expect(searchedFiles(harness, assistant['tool_resources'])).toEqual(['file-a', 'file-b']);
  });

  test.each([
    [[codeInterpreter], ['file-a'], undefined],
    [[retrieval, codeInterpreter], ['file-a'], ['file-a']],
    [[retrieval, { type: 'file_search' }], undefined, ['file-a']],
    [[], ['file-a'], undefined],
  ])('with the tools %j gives its files to these', async (tools, code, search) => {
    const harness = await withFiles();
    const body = { model, tools, file_ids: ['file-a'] };
    const { tool_resources, tools: shown } = await send(harness, '/assistants', body);
    expect(Reflect.get(Object(tool_resources), 'code_interpreter')?.file_ids).toEqual(code);
    expect(searchedFiles(harness, tool_resources)).toEqual(search);
    const types = new Set(tools.map(({ type }) => (type === 'retrieval' ? 'file_search' : type)));
    expect(Object(shown).map(({ type }: { type: string }) => type)).toEqual([...types]);
  });

  test('takes the name that LangChain.js passes on, null and empty lists', async () => {
    const harness = await withFiles();
    const tools = [codeInterpreter];
    const named = await send(harness, '/assistants', { model, tools, fileIds: ['file-a'] });
    expect(named['tool_resources']).toEqual({ code_interpreter: { file_ids: ['file-a'] } });
    const empty = await send(harness, '/assistants', { model, file_ids: [], fileIds: null });
    expect(empty['tool_resources']).toEqual({});
  });

  test('replaces its files, keeps an unchanged vector store, and removes all files', async () => {
    const harness = await withFiles();
    const body = { model, tools: [retrieval, codeInterpreter], file_ids: ['file-a'] };
    const created = await send(harness, '/assistants', body);
    const modify = (fields: object) => send(harness, `/assistants/${created.id}`, fields);
    const same = await modify({ file_ids: ['file-a'], name: 'Same' });
    expect(same['tool_resources']).toEqual(created['tool_resources']);
    const { tool_resources } = await modify({ file_ids: ['file-b', 'file-c'] });
    expect(tool_resources).toMatchObject({ code_interpreter: { file_ids: ['file-b', 'file-c'] } });
    expect(searchedFiles(harness, tool_resources)).toEqual(['file-b', 'file-c']);
    const empty = await modify({ file_ids: [] });
    expect(empty['tool_resources']).toEqual({
      code_interpreter: { file_ids: [] },
      file_search: { vector_store_ids: [] },
    });
  });

  test('gets its tool and its files with one modification', async () => {
    const harness = await withFiles();
    const { id } = await createAssistant(harness);
    const body = { tools: [retrieval], file_ids: ['file-a'] };
    const { tool_resources } = await send(harness, `/assistants/${id}`, body);
    expect(searchedFiles(harness, tool_resources)).toEqual(['file-a']);
  });

  test('refuses files in both forms, and files without a place', async () => {
    const harness = await withFiles({ lacks: { vector_stores: 404 } });
    const tool_resources = { code_interpreter: { file_ids: ['file-b'] } };
    const twice = await apiErrorOf(
      send(harness, '/assistants', { model, file_ids: ['file-a'], tool_resources }),
    );
    expect(twice).toMatchObject({ status: 400, param: 'file_ids' });
    expect(twice.message).toContain("only providing one of: 'file_ids' or 'tool_resources'.");
    const unsupported = await apiErrorOf(
      send(harness, '/assistants', { model, tools: [retrieval], file_ids: ['file-a'] }),
    );
    expect(unsupported).toMatchObject({ status: 400, param: 'file_ids' });
  });

  test('is left as it was when the endpoint refuses a file', async () => {
    const harness = await withFiles();
    const { id, tool_resources } = await createAssistant(harness, { tools: [] });
    const body = { tools: [retrieval], file_ids: ['file-table'] };
    const { status } = await apiErrorOf(send(harness, `/assistants/${id}`, body));
    expect(status).toBe(400);
    expect(storesOf(harness)).toEqual({});
    const read = await harness.openai.beta.assistants.retrieve(id);
    expect([read.tools, read.tool_resources]).toEqual([[], tool_resources]);
  });
});

describe('a message of version 1', () => {
  const message = { role: 'user', content: 'Read this.', file_ids: ['file-a'] };

  test.each(headers)(
    'attaches its files for both tools, with the header of %s',
    async (_, beta) => {
      const harness = await withFiles();
      const { id } = await createThread(harness);
      const added = await send(harness, `/threads/${id}/messages`, message, beta);
      expect(added['attachments']).toEqual([both]);
      expect(added).not.toHaveProperty('file_ids');
      const { tool_resources } = await harness.openai.beta.threads.retrieve(id);
      expect(tool_resources?.code_interpreter).toEqual({ file_ids: ['file-a'] });
      expect(searchedFiles(harness, tool_resources)).toEqual(['file-a']);
      const files = await harness.request('GET', `/threads/${id}/messages/${added.id}/files`);
      expect(files.body.data).toMatchObject([{ id: 'file-a' }]);
    },
  );

  test('brings its files when it is created with its thread', async () => {
    const harness = await withFiles();
    const { file_ids, ...others } = message;
    const thread = await send(harness, '/threads', {
      messages: [{ ...others, fileIds: file_ids }],
    });
    expect(thread['tool_resources']).toMatchObject({ code_interpreter: { file_ids } });
    expect(searchedFiles(harness, thread['tool_resources'])).toEqual(file_ids);
  });

  test('keeps a file for code that the endpoint cannot search', async () => {
    const harness = await withFiles();
    const { id } = await createThread(harness);
    const body = { ...message, file_ids: ['file-a', 'file-table', 'file-b'] };
    await send(harness, `/threads/${id}/messages`, body);
    const { tool_resources } = await harness.openai.beta.threads.retrieve(id);
    expect(tool_resources?.code_interpreter?.file_ids).toEqual(body.file_ids);
    expect(storesOf(harness)).toEqual({
      [tool_resources?.file_search?.vector_store_ids?.[0] ?? '']: ['file-a', 'file-b'],
    });
    expect(harness.logLines.join('')).toContain('a file of a message cannot be searched');
  });

  test('needs a file to exist, and a named search to be possible', async () => {
    const harness = await withFiles();
    const { id } = await createThread(harness);
    const path = `/threads/${id}/messages`;
    const missing = await apiErrorOf(send(harness, path, { ...message, file_ids: ['file-x'] }));
    expect([missing.status, missing.message]).toEqual([404, 'No such File object: file-x']);
    const attachments = [{ file_id: 'file-table', tools: [retrieval] }];
    const named = await apiErrorOf(
      send(harness, path, { role: 'user', content: 'x', attachments }),
    );
    expect(named.message).toContain('not supported for retrieval');
  });

  test('has a file once that is also attached', async () => {
    const harness = await withFiles();
    const { id } = await createThread(harness);
    const attachments = [{ file_id: 'file-a', tools: [retrieval] }];
    const body = { ...message, file_ids: ['file-a', 'file-b'], attachments };
    const added = await send(harness, `/threads/${id}/messages`, body);
    expect(added['attachments']).toEqual([
      attachedTo('file_search'),
      { ...both, file_id: 'file-b' },
    ]);
  });

  test.each([
    [[retrieval], attachedTo('file_search')],
    [[codeInterpreter], attachedTo('code_interpreter')],
    [[codeInterpreter, retrieval], both],
    [[], both],
  ])('of a run with the tools %j is attached for these', async (tools, attachment) => {
    const harness = await withFiles();
    const { id: assistant_id } = await send(harness, '/assistants', { model, tools });
    const { id } = await createThread(harness);
    const { messages } = harness.openai.beta.threads;
    const additional_messages = [message];
    await send(harness, `/threads/${id}/runs`, { assistant_id, additional_messages });
    const [newest] = (await messages.list(id)).data;
    expect(newest?.attachments).toEqual([attachment]);
    const own = await send(harness, '/threads/runs', {
      assistant_id,
      thread: { messages: [message] },
    });
    const [first] = (await messages.list(String(own['thread_id']))).data;
    expect(first?.attachments).toEqual([attachment]);
  });
});

describe('a run of version 1', () => {
  test('has the tool retrieval, and can be made to call it', async () => {
    const harness = await withFiles();
    const { id: assistant_id } = await createAssistant(harness);
    const { id } = await createThread(harness);
    const body = { assistant_id, tools: [retrieval], tool_choice: retrieval };
    const run = await send(harness, `/threads/${id}/runs`, body);
    expect(run).toMatchObject({
      tools: [{ type: 'file_search' }],
      tool_choice: { type: 'file_search' },
    });
    const own = await send(harness, '/threads/runs', { ...body, thread: { messages: [] } });
    expect(own).toMatchObject({ tools: [{ type: 'file_search' }] });
  });
});
