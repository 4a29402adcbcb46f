import { expect, onTestFinished, test } from 'vitest';
import { answerTo, startHostModel } from '../../hosts/model.ts';

const job = { weather: 'windy-1' };
const args = '{"model":"scripted"}';
const created = { name: 'mcp__x__create_assistant', args, output: 'asst_1' };
const upload = { filename: 'notes.txt', text: 'It is often windy in Oslo.' };

const answer = (tools: readonly string[], results: readonly (typeof created)[] = [], body = '') =>
  answerTo({ tools, results }, body, job);

test('finds a tool under the name that the host gives it', () => {
  const tools = ['get_run', 'mcp__x__create_assistant', 'x-upload_file'];
  expect(answer(tools)).toMatchObject({ name: 'mcp__x__create_assistant' });
  expect(answer(tools, [created])).toMatchObject({ name: 'x-upload_file', args: upload });
  const closest = answer(['create_thread_and_run']);
  expect(closest).toMatchObject({ text: expect.stringContaining('offers no tool') });
});

test('searches for a tool that the request only mentions', () => {
  const body = 'Use create_assistant. Deferred:\\nmcp__x__create_assistant\\nmcp__x__get_run';
  const query = 'select:mcp__x__create_assistant';
  expect(answer(['ToolSearch'], [], body)).toMatchObject({ name: 'ToolSearch', args: { query } });
  const found = { name: 'tool_search', args: JSON.stringify({ query }), output: '…' };
  expect(answer(['tool_search', 'tool_call'], [found], body)).toMatchObject({
    name: 'tool_call',
    args: { name: 'mcp__x__create_assistant', arguments: { model: 'scripted' } },
  });
  const called = { ...created, name: 'tool_call', args: '{"name":"mcp__x__create_assistant"}' };
  expect(answer(['x_upload_file'], [called])).toMatchObject({ args: upload });
});

test('answers a request without tools, which is for a title, with a text', () => {
  expect(answer([])).toMatchObject({ text: 'Weather' });
});

const schema = { type: 'object', properties: {} };
const tools = ['x_create_assistant', 'x_upload_file'];

/** A request of each API after the first call, and its path. */
const requests: readonly (readonly [path: string, body: object])[] = [
  [
    '/v1/messages',
    {
      model: 'm',
      tools: tools.map((name) => ({ name, input_schema: schema })),
      messages: [
        { role: 'user', content: 'Go.' },
        {
          role: 'assistant',
          content: [{ type: 'tool_use', id: '1', name: tools[0], input: {} }],
        },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: '1', content: 'asst_1' }] },
      ],
    },
  ],
  [
    '/v1/responses',
    {
      model: 'm',
      tools: [{ type: 'namespace', name: 'x', tools: tools.map((name) => ({ name })) }],
      input: [
        { role: 'user', content: 'Go.' },
        { type: 'function_call', call_id: '1', name: tools[0], arguments: '{}' },
        { type: 'function_call_output', call_id: '1', output: 'asst_1' },
      ],
    },
  ],
  [
    '/v1/chat/completions',
    {
      model: 'm',
      tools: tools.map((name) => ({ type: 'function', function: { name } })),
      messages: [
        { role: 'user', content: 'Go.' },
        {
          role: 'assistant',
          tool_calls: [{ id: '1', function: { name: tools[0], arguments: '{}' } }],
        },
        { role: 'tool', tool_call_id: '1', content: 'asst_1' },
      ],
    },
  ],
  [
    '/v1beta/models/m:streamGenerateContent',
    {
      tools: [{ functionDeclarations: tools.map((name) => ({ name })) }],
      contents: [
        { role: 'user', parts: [{ text: 'Go.' }] },
        { role: 'user', parts: [{ functionResponse: { name: tools[0], response: {} } }] },
      ],
    },
  ],
];

test.each(requests)('%s gets the next call, as a stream if it asks for one', async (path, body) => {
  const model = await startHostModel(job);
  onTestFinished(() => model.close());
  const post = async (stream: boolean) => {
    const init = { method: 'POST', body: JSON.stringify({ ...body, stream }) };
    const response = await fetch(model.origin + path, init);
    return { type: response.headers.get('content-type'), text: await response.text() };
  };
  const streamed = await post(true);
  expect(streamed.type).toContain('text/event-stream');
  expect(streamed.text).toContain('x_upload_file');
  const whole = await post(false);
  expect(whole.text).toContain('notes.txt');
  expect(model.failures).toEqual([]);
  expect(model.requests).toHaveLength(2);
});

test('a request that it cannot read is a failure of the trial', async () => {
  const model = await startHostModel(job);
  onTestFinished(() => model.close());
  const init = { method: 'POST', body: '{"tools":1}' };
  expect((await fetch(`${model.origin}/v1/messages`, init)).status).toBe(400);
  expect(model.failures).toHaveLength(1);
});
