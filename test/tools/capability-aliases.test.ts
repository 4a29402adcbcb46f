import { describe, expect, test } from 'vitest';
import { connectTools, selectTools } from '../support/mcp.ts';
import {
  errorResponse,
  createFakeServer,
  type FakeServer,
} from '../support/fake-assistants-server.ts';

const tools = selectTools({ toolNames: 'capability' });
const connect = ({ openai }: FakeServer) => connectTools({ openai, tools });

const ids = { thread_id: 'thread_a', run_id: 'run_a' };
const messageIds = { thread_id: 'thread_a', message_id: 'msg_a' };
const run = (status: string, fields: object = {}) => ({
  id: 'run_a',
  thread_id: 'thread_a',
  status,
  ...fields,
});
const page = { object: 'list', data: [], has_more: false };

const expectedParameters = {
  'openai-apis-create-thread-and': ['wait_seconds', 'body'],
  'openai-apis-list-runs': ['thread_id', 'limit', 'order', 'after', 'before'],
  'openai-apis-create-run': ['wait_seconds', 'thread_id', 'include', 'body'],
  'openai-apis-retrieve-run': ['thread_id', 'run_id', 'wait_seconds'],
  'openai-apis-cancel-run': ['thread_id', 'run_id'],
  'openai-apis-submit-tool-outputs': ['thread_id', 'run_id', 'wait_seconds', 'body'],
  'openai-returns-list-message-files': [
    'thread_id',
    'message_id',
    'limit',
    'order',
    'after',
    'before',
  ],
  'openai-retrieves-message-file': ['thread_id', 'message_id', 'file_id'],
};

describe('tools with capability names', () => {
  test('lists eight tools that take the request body as `body`', async () => {
    const host = await connect(createFakeServer({}));
    const listedTools = (await host.list()).tools;
    const entries = listedTools.map(({ name, inputSchema }) => [
      name,
      Object.keys(inputSchema.properties),
    ]);
    expect(Object.fromEntries(entries)).toEqual(expectedParameters);
    for (const { description } of listedTools) {
      expect(description).not.toMatch(/\b(?:create|get|list|submit)_\w+/u);
    }
    const create = listedTools.find(({ name }) => name === 'openai-apis-create-run');
    expect(create?.inputSchema.required).toEqual(['thread_id', 'body']);
    expect(create?.inputSchema.properties.body.required).toEqual(['assistant_id']);
  });

  test('names fields of the body with their place, in every text', async () => {
    const retrieveLine = 'GET /threads/thread_a/runs/run_a';
    const call = { id: 'call_a', type: 'function', function: { name: 'f', arguments: '{}' } };
    const required_action = {
      type: 'submit_tool_outputs',
      submit_tool_outputs: { tool_calls: [call] },
    };
    const incomplete_details = { reason: 'max_completion_tokens' };
    const server = createFakeServer({
      [retrieveLine]: [
        run('requires_action', { required_action }),
        run('incomplete', { incomplete_details }),
      ],
      'GET /threads/thread_a/messages': page,
      'POST /threads/thread_a/runs': errorResponse(
        400,
        'Run creation requires a Thread with a user message or an assistant with instructions.',
      ),
    });
    const host = await connect(server);
    const texts = [host.instructions() ?? ''];
    texts.push(...(await host.list()).tools.map(({ description }) => description));
    const retrieve = () => host.call('openai-apis-retrieve-run', ids);
    texts.push((await retrieve()).object.next, (await retrieve()).object.next);
    const body = { assistant_id: 'asst_a' };
    const failed = await host.call('openai-apis-create-run', { thread_id: 'thread_a', body });
    texts.push(failed.text);
    const named = texts.flatMap(
      (text) =>
        text.match(
          /[\w.]*(?:additional_messages|tool_outputs|max_\w+|instructions, |instructions\.)/gu,
        ) ?? [],
    );
    expect(named).toContain('body.tool_outputs');
    expect(named).toContain('body.max_completion_tokens');
    expect(failed.text).toContain('or pass body.instructions.');
    expect(named.filter((name) => /^(?:additional|tool_|max_)/u.test(name))).toEqual([]);
  });

  test('sends the same requests as the default tools', async () => {
    const server = createFakeServer({
      'POST /threads/runs': run('failed'),
      'POST /threads/thread_a/runs': run('failed'),
      'GET /threads/thread_a/runs': page,
      'GET /threads/thread_a/runs/run_a': run('failed'),
      'POST /threads/thread_a/runs/run_a/cancel': run('cancelling'),
      'POST /threads/thread_a/runs/run_a/submit_tool_outputs': run('failed'),
      'GET /threads/thread_a/messages/msg_a/files': page,
      'GET /threads/thread_a/messages/msg_a/files/file-a': { id: 'file-a' },
    });
    const host = await connect(server);
    const body = { assistant_id: 'asst_a', metadata: { k: 'v' } };
    const include = ['step_details.tool_calls[*].file_search.results[*].content'];
    const outputs = { tool_outputs: [{ tool_call_id: 'call_a', output: 'x' }] };
    const calls: readonly (readonly [name: keyof typeof expectedParameters, args: object])[] = [
      ['openai-apis-create-thread-and', { body }],
      ['openai-apis-list-runs', { thread_id: 'thread_a', limit: 2 }],
      ['openai-apis-create-run', { thread_id: 'thread_a', include, wait_seconds: 5, body }],
      ['openai-apis-retrieve-run', ids],
      ['openai-apis-cancel-run', ids],
      ['openai-apis-submit-tool-outputs', { ...ids, body: outputs }],
      ['openai-returns-list-message-files', { ...messageIds, order: 'asc' }],
      ['openai-retrieves-message-file', { ...messageIds, file_id: 'file-a' }],
    ];
    for (const [name, args] of calls) {
      expect((await host.call(name, args)).failed).toBe(false);
    }
    expect(server.requestLines).toEqual([
      'POST /threads/runs',
      'GET /threads/thread_a/runs?limit=2',
      `POST /threads/thread_a/runs?include[]=${include[0]}`,
      'GET /threads/thread_a/runs/run_a',
      'POST /threads/thread_a/runs/run_a/cancel',
      'POST /threads/thread_a/runs/run_a/submit_tool_outputs',
      'GET /threads/thread_a/messages/msg_a/files?order=asc',
      'GET /threads/thread_a/messages/msg_a/files/file-a',
    ]);
    const posts = server.requests.filter(({ method }) => method === 'POST');
    expect(await posts[0]?.json()).toEqual(body);
    expect(await posts[1]?.json()).toEqual(body);
    expect(await posts[3]?.json()).toEqual(outputs);
  });

  test('names the path of an invalid argument', async () => {
    const host = await connect(createFakeServer({}));
    const errorText = async (args: object) =>
      (await host.call('openai-apis-create-run', args)).text;
    expect(await errorText({ thread_id: 'thread_a' })).toMatch(
      /^Missing required parameter: 'body'\./u,
    );
    expect(await errorText({ thread_id: 'thread_a', body: {} })).toMatch(
      /^Missing required parameter: 'body\.assistant_id'\./u,
    );
    expect(await errorText({ thread_id: 'thread_a', assistant_id: 'asst_a', body: {} })).toMatch(
      /^Missing required parameter: 'body\.assistant_id'\./u,
    );
    const body = { assistant_id: 'asst_a' };
    expect(await errorText({ thread_id: 'thread_a', body: { ...body, stream: true } })).toMatch(
      /^Unknown parameter: 'body\.stream'\./u,
    );
    expect(await errorText({ thread_id: 'thread_a', body, assistant_id: 'asst_a' })).toMatch(
      /^Unknown parameter: 'assistant_id'\./u,
    );
    expect(await errorText({ thread_id: 'thread_a', body, wait_seconds: 60 })).toMatch(
      /^Invalid 'wait_seconds': integer above maximum value\./u,
    );
  });

  test('uses capability names in `next` and in error advice', async () => {
    const server = createFakeServer({
      'GET /threads/thread_a/runs/run_a': [
        run('queued'),
        run('requires_action', {
          required_action: {
            submit_tool_outputs: { tool_calls: [{ id: 'call_a', function: { name: 'f' } }] },
          },
        }),
      ],
      'POST /threads/thread_a/runs': errorResponse(
        400,
        'Thread thread_a already has an active run run_a.',
      ),
    });
    const host = await connect(server);
    expect((await host.call('openai-apis-retrieve-run', ids)).object.next).toMatch(
      /^Call openai-apis-retrieve-run with/u,
    );
    expect((await host.call('openai-apis-retrieve-run', ids)).object.next).toMatch(
      /^Call openai-apis-submit-tool-outputs with .* call_a \(f\)\.$/u,
    );
    const args = { thread_id: 'thread_a', body: { assistant_id: 'asst_a' } };
    expect((await host.call('openai-apis-create-run', args)).text).toMatch(
      /Call openai-apis-retrieve-run with .*, or openai-apis-cancel-run to cancel it/u,
    );
  });

  test('filters capability tools by toolset', () => {
    const selected = selectTools({ toolsets: ['message_files'], toolNames: 'capability' });
    expect(selected.map(({ name }) => name)).toEqual([
      'openai-returns-list-message-files',
      'openai-retrieves-message-file',
    ]);
  });
});
