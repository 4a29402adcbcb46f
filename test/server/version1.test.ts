import { expect, test } from 'vitest';
import { version1Shape } from '../../src/server/response-shapes.ts';
import { type RunningServe, startServe } from '../support/serve.ts';

const body = {
  model: 'gpt-4o',
  instructions: 'Be brief.',
  tools: [{ type: 'retrieval' }, { type: 'code_interpreter' }],
};
const thread = { messages: [{ role: 'user', content: 'Hello' }] };

/** Sends a request with the header `OpenAI-Beta`. */
const send = ({ url }: RunningServe, beta: string, path: string, json?: object) =>
  fetch(`${url}/v1${path}`, {
    method: json === undefined ? 'GET' : 'POST',
    headers: { 'content-type': 'application/json', 'openai-beta': beta },
    ...(json !== undefined && { body: JSON.stringify(json) }),
  });

test.each(['assistants=v1', 'realtime=v1, assistants=v1', 'threads=v1;assistants=v1'])(
  'answers a client of version 1 with the objects of version 1: %s',
  async (beta) => {
    const served = await startServe();
    // oxlint-disable-next-line typescript/no-explicit-any -- a test reads any JSON
    const read = async (path: string, json?: object): Promise<any> =>
      (await send(served, beta, path, json)).json();
    const assistant = await read('/assistants', body);
    expect(assistant).toMatchObject({ tools: body.tools, file_ids: [] });
    expect((await read('/assistants')).data).toEqual([assistant]);
    const { id: thread_id } = await read('/threads', thread);
    expect((await read(`/threads/${thread_id}/messages`)).data).toMatchObject([{ file_ids: [] }]);
    const run = { assistant_id: assistant.id, tools: [], stream: true };
    const stream = await send(served, beta, `/threads/${thread_id}/runs`, run);
    expect(stream.headers.get('content-type')).toContain('text/event-stream');
    const frames = await stream.text();
    expect(frames).toMatch(/event: thread\.run\.completed\ndata: \{.*"file_ids":\[\]\}\n/u);
    expect(frames.endsWith('event: done\ndata: [DONE]\n\n')).toBe(true);
    const missing = await send(served, beta, '/assistants/asst_x');
    expect(missing.status).toBe(404);
    expect(await missing.json()).toMatchObject({
      error: { message: "No assistant found with id 'asst_x'." },
    });
  },
);

test.each([
  ['/v1/assistants', { 'openai-beta': 'assistants=v1' }],
  ['/openai/assistants?api-version=2024-02-15-preview', {}],
])('file_ids of an assistant from %s has the files of its vector store', async (path, headers) => {
  const served = await startServe();
  const form = new FormData();
  form.set('purpose', 'assistants');
  form.set('file', new File(['A text.'], 'a.txt'));
  // oxlint-disable-next-line typescript/no-explicit-any -- a test reads any JSON
  const read = async (url: string, init: RequestInit): Promise<any> =>
    (await fetch(`${served.url}${url}`, { headers, ...init })).json();
  const { id } = await read('/v1/files', { method: 'POST', body: form, headers: {} });
  const create = (json: object) => read(path, { method: 'POST', body: JSON.stringify(json) });
  const created = await create({ ...body, tools: [{ type: 'retrieval' }], file_ids: [id] });
  expect(created).toMatchObject({ tools: [{ type: 'retrieval' }], file_ids: [id] });
  expect(await create({ ...body, file_ids: [id] })).toMatchObject({ file_ids: [id] });
  expect((await read(path, {})).data).toMatchObject([{ file_ids: [id] }, { file_ids: [] }]);
});

test.each(['assistants=v2', 'assistants=v1, assistants=v2', 'realtime=v1', ''])(
  'answers every other client with the present objects: %j',
  async (beta) => {
    const served = await startServe();
    const assistant = await (await send(served, beta, '/assistants', body)).json();
    expect(assistant).toMatchObject({ tools: [{ type: 'file_search' }, body.tools[1]] });
    expect(assistant).not.toHaveProperty('file_ids');
  },
);

test('a citation of version 1 has a quote', () => {
  const annotation = { type: 'file_citation', text: '[1]', file_citation: { file_id: 'file-a' } };
  const path = { type: 'file_path', text: 'x', file_path: { file_id: 'file-b' } };
  const content = [
    { type: 'text', text: { value: '[1]', annotations: [annotation, path] } },
    { type: 'image_file', image_file: { file_id: 'file-c' } },
  ];
  const cited = { ...annotation, file_citation: { quote: '', file_id: 'file-a' } };
  expect(version1Shape({ object: 'thread.message', content })).toMatchObject({
    content: [{ type: 'text', text: { value: '[1]', annotations: [cited, path] } }, content[1]],
  });
});
