import { describe, expect, test } from 'vitest';
import { createAssistant } from '../../support/conversation.ts';
import { codeInterpreter, retrieval, send, withFiles } from '../../support/v1-client.ts';

const model = 'gpt-4.1-mini';

const link = (assistant_id: unknown, id: string) => ({
  id,
  object: 'assistant.file',
  created_at: 1_790_000_000,
  assistant_id,
});

describe('the files of an assistant', () => {
  test.each([[[retrieval]], [[codeInterpreter]], [[retrieval, codeInterpreter]], [[]]])(
    'with the tools %j are added, listed, read and removed',
    async (tools) => {
      const harness = await withFiles();
      const created = await send(harness, '/assistants', { model, tools, file_ids: ['file-a'] });
      const { id } = created;
      const path = `/assistants/${id}/files`;
      expect(await send(harness, path, { file_id: 'file-b' })).toEqual(link(id, 'file-b'));
      const { body } = await harness.request('GET', `${path}?order=asc&limit=1`);
      expect(body).toMatchObject({ data: [link(id, 'file-a')], has_more: true });
      const rest = await harness.request('GET', `${path}?order=asc&after=file-a`);
      expect(rest.body).toMatchObject({ data: [link(id, 'file-b')], has_more: false });
      expect((await harness.request('GET', `${path}/file-b`)).body).toEqual(link(id, 'file-b'));
      const removed = await harness.request('DELETE', `${path}/file-a`);
      expect(removed.body).toEqual({
        id: 'file-a',
        object: 'assistant.file.deleted',
        deleted: true,
      });
      const after = await harness.request('GET', path);
      expect(after.body.data).toEqual([link(id, 'file-b')]);
      const again = await harness.request('DELETE', `${path}/file-a`);
      expect([again.status, again.body.error.message]).toEqual([
        404,
        `No file found with id 'file-a' in assistant '${id}'.`,
      ]);
    },
  );

  test('are those of a vector store with several pages', async () => {
    const harness = await withFiles();
    const file_ids = Array.from({ length: 250 }, (_, index) => `file-${index}`);
    for (const id of file_ids) harness.storage.addFile(id);
    const { id } = await createAssistant(harness, {
      tools: [{ type: 'file_search' }],
      tool_resources: { file_search: { vector_stores: [{ file_ids }] } },
    });
    const { body } = await harness.request('GET', `/assistants/${id}/files/file-249`);
    expect(body).toEqual(link(id, 'file-249'));
  });

  test('are a 404 for an unknown assistant, and refuse an unknown field', async () => {
    const harness = await withFiles();
    const missing = await harness.request('GET', '/assistants/asst_nowhere/files');
    expect(missing.status).toBe(404);
    const { id } = await createAssistant(harness);
    const { body } = await harness.request('POST', `/assistants/${id}/files`, {
      file_id: 'file-a',
      x: 1,
    });
    expect(body.error.message).toBe("Unknown parameter: 'x'.");
  });
});
