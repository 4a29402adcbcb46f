import { describe, expect, test } from 'vitest';
import { connectTools } from '../support/mcp.ts';
import { errorResponse, createFakeServer } from '../support/fake-assistants-server.ts';

describe('list_threads', () => {
  test('returns all fields of the page, including those that the SDK’s page object drops', async () => {
    const page = {
      object: 'list',
      data: [{ id: 'thread_a' }],
      first_id: 'thread_a',
      last_id: 'thread_a',
      has_more: true,
    };
    const server = createFakeServer({ 'GET /threads': page, 'GET /assistants': page });
    const host = await connectTools({ openai: server.openai });
    expect((await host.call('list_threads', { limit: 1, after: 'thread_z' })).object).toEqual(page);
    expect(server.requestLines).toEqual(['GET /threads?limit=1&after=thread_z']);
    expect((await host.call('list_assistants')).object).toEqual(page);
  });

  test.each([404, 405, 501])(
    'reports that the server does not list threads when it answers %i',
    async (status) => {
      const server = createFakeServer({
        'GET /threads': errorResponse(status, 'Invalid URL (GET /threads)'),
      });
      const host = await connectTools({ openai: server.openai });
      const { failed, text } = await host.call('list_threads');
      expect({ failed, text }).toEqual({
        failed: true,
        text: `HTTP ${status}: This server does not list threads.`,
      });
    },
  );

  test('returns the server’s error for an unknown cursor', async () => {
    const errorMessage = "No thread found with id 'thread_z'.";
    const server = createFakeServer({ 'GET /threads': errorResponse(404, errorMessage) });
    const host = await connectTools({ openai: server.openai });
    expect((await host.call('list_threads', { after: 'thread_z' })).text).toContain(errorMessage);
  });
});
