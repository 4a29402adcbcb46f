import { describe, expect, test } from 'vitest';
import { createAssistant, createThread } from '../../support/conversation.ts';
import { setup } from '../../support/engine.ts';

const model = 'gpt-4.1-mini';
const image_url = { url: 'https://images.example/a.png' };

describe('null for a field that has no null', () => {
  test('is accepted in an assistant, as typed clients send it', async () => {
    const { request } = await setup();
    const { status, body } = await request('POST', '/assistants', {
      model,
      name: null,
      tools: [
        { type: 'file_search', file_search: { max_num_results: null, ranking_options: null } },
        { type: 'function', function: { name: 'now', description: null, parameters: null } },
      ],
      tool_resources: {
        code_interpreter: null,
        file_search: { vector_store_ids: null, vector_stores: [{ chunking_strategy: null }] },
      },
    });
    const parameters = { type: 'object', properties: {} };
    expect([status, body.tools[1]]).toEqual([
      200,
      { type: 'function', function: { name: 'now', parameters, strict: false } },
    ]);
    const { vector_store_ids } = body.tool_resources.file_search;
    expect(vector_store_ids).toHaveLength(1);
    const changed = await request('POST', `/assistants/${body.id}`, {
      model: null,
      tools: null,
      tool_resources: { code_interpreter: null, file_search: { vector_store_ids } },
    });
    expect([changed.status, changed.body.model, changed.body.tools]).toEqual([
      200,
      model,
      body.tools,
    ]);
  });

  test('is accepted in threads, messages and runs', async () => {
    const harness = await setup();
    const { request } = harness;
    const { id: assistant_id } = await createAssistant(harness);
    const { id } = await createThread(harness);
    const content = [
      { type: 'image_url', image_url: { ...image_url, detail: null } },
      { type: 'image_file', image_file: { file_id: 'file-a', detail: null } },
    ];
    const message = await request('POST', `/threads/${id}/messages`, { role: 'user', content });
    expect([message.status, message.body.content]).toEqual([
      200,
      [
        { type: 'image_url', image_url: { ...image_url, detail: 'auto' } },
        { type: 'image_file', image_file: { file_id: 'file-a', detail: 'auto' } },
      ],
    ]);
    const bodies: [path: string, body: object][] = [
      ['/threads', { messages: null }],
      ['/threads/runs', { assistant_id, thread: null, parallel_tool_calls: null }],
      [`/threads/${id}/runs`, { assistant_id, parallel_tool_calls: null }],
    ];
    for (const [path, body] of bodies) {
      const { status } = await request('POST', path, body);
      expect([path, status]).toEqual([path, 200]);
    }
  });

  test('is still an error in a required field and in metadata', async () => {
    const { request } = await setup();
    const bodies: [body: object, param: string][] = [
      [{ model: null }, 'model'],
      [{ model, metadata: { a: null } }, 'metadata.a'],
      [{ model, tools: [null] }, 'tools[0]'],
      [{ model, tools: [{ type: 'function', function: null }] }, 'tools[0].function'],
    ];
    for (const [body, param] of bodies) {
      const { status, body: answer } = await request('POST', '/assistants', body);
      expect([status, answer.error.param, answer.error.code]).toEqual([400, param, 'invalid_type']);
    }
  });

  test('is kept in a JSON schema', async () => {
    const { request } = await setup();
    const parameters = { type: 'object', properties: { a: { enum: ['x', null], default: null } } };
    const fn = { name: 'f', description: null, parameters };
    const tools = [{ type: 'function', function: fn }];
    const { body } = await request('POST', '/assistants', { model, tools });
    expect(body.tools[0].function.parameters).toEqual(parameters);
  });
});

describe('[] for an empty object, as PHP encodes it', () => {
  test.each([
    ['/threads', []],
    ['/threads', { metadata: [], tool_resources: [] }],
    ['/assistants', { model, metadata: [], tool_resources: { code_interpreter: [] } }],
    ['/assistants', { model, tools: [{ type: 'file_search', file_search: [] }] }],
  ])('is accepted: POST %s %j', async (path, body) => {
    const { request } = await setup();
    const answer = await request('POST', path, body);
    expect([answer.status, answer.body.metadata]).toEqual([200, {}]);
  });

  test('starts a run on a new thread and cancels it', async () => {
    const harness = await setup();
    const { id: assistant_id } = await createAssistant(harness);
    const run = await harness.request('POST', '/threads/runs', { assistant_id, thread: [] });
    expect(run.status).toBe(200);
    const path = `/threads/${run.body.thread_id}/runs/${run.body.id}/cancel`;
    const { status, body } = await harness.request('POST', path, []);
    expect([status, body.status]).toEqual([200, 'cancelling']);
  });
});
