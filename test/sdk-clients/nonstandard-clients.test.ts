import { describe, expect, test } from 'vitest';
import { setupOverHttp, type HttpHarness } from '../support/http.ts';
import { createAssistant, createThread } from '../support/conversation.ts';
import { functionCall } from '../support/upstream-items.ts';

/** One request as written: no header is added, no body is made. */
async function send(harness: HttpHarness, method: string, path: string, init: RequestInit = {}) {
  const answer = await fetch(`${harness.url}/v1${path}`, { method, ...init });
  const text = await answer.text();
  // oxlint-disable-next-line typescript/no-explicit-any -- a test reads into any JSON
  const body: any = text === '' ? null : JSON.parse(text);
  return { status: answer.status, headers: answer.headers, body };
}

const json = (body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  headers: { 'content-type': 'application/json', ...headers },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

/** A thread with a run that waits for outputs. */
async function waiting(harness: HttpHarness) {
  harness.upstream.respondWith({ output: [functionCall('get_weather', {}, 'call_1')] });
  const { id: assistant_id } = await createAssistant(harness);
  const { id: thread_id } = await createThread(harness);
  const run = await harness.openai.beta.threads.runs.createAndPoll(thread_id, { assistant_id });
  return { run, thread_id, assistant_id, path: `/threads/${thread_id}/runs/${run.id}` };
}

describe('headers', () => {
  test.each([
    ['no OpenAI-Beta', {}],
    ['v1', { 'openai-beta': 'assistants=v1' }],
    ['v2', { 'openai-beta': 'assistants=v2' }],
    ['several', { 'openai-beta': 'realtime=v1, assistants=v2' }],
    ['no Authorization', { authorization: '' }],
    ['no Content-Type', { 'content-type': '' }],
    ['text/plain', { 'content-type': 'text/plain' }],
    ['a charset', { 'content-type': 'application/json; charset=UTF-8' }],
    ['of a form', { 'content-type': 'application/x-www-form-urlencoded' }],
  ])('%s', async (_, headers) => {
    const harness = await setupOverHttp();
    const { status, body } = await send(
      harness,
      'POST',
      '/threads',
      json({ metadata: { a: 'b' } }, headers),
    );
    expect([status, body.metadata]).toEqual([200, { a: 'b' }]);
  });
});

describe('bodies', () => {
  test.each<[string, RequestInit]>([
    ['none', {}],
    ['empty', json('')],
    ['of white space', json(' \r\n')],
    ['{}', json({})],
    ['with undefined fields, which JSON leaves out', json({ messages: undefined })],
    ['with nulls', json({ metadata: null, tool_resources: null })],
  ])('of a new thread: %s', async (_, init) => {
    const harness = await setupOverHttp();
    const { status, body } = await send(harness, 'POST', '/threads', init);
    expect([status, body.object, body.metadata]).toEqual([200, 'thread', {}]);
  });

  test.each<[string, RequestInit]>([
    ['none', {}],
    ['empty', json('')],
    ['{}', json({})],
  ])('of a cancel: %s', async (_, init) => {
    const harness = await setupOverHttp();
    const { path } = await waiting(harness);
    const { status, body } = await send(harness, 'POST', `${path}/cancel`, init);
    expect([status, body.status]).toEqual([200, 'cancelling']);
  });

  test.each([[null], [undefined], [false]])('of a run with stream %j', async (stream) => {
    const harness = await setupOverHttp();
    harness.upstream.respondWith({});
    const { id: assistant_id } = await createAssistant(harness);
    const { status, headers, body } = await send(
      harness,
      'POST',
      '/threads/runs',
      json({ assistant_id, stream }),
    );
    expect([status, body.status]).toEqual([200, 'queued']);
    expect(headers.get('content-type')).toContain('application/json');
    const { thread_id } = body;
    expect((await harness.openai.beta.threads.runs.poll(body.id, { thread_id })).status).toBe(
      'completed',
    );
  });

  test.each([[null], [undefined], [[]]])('with attachments %j', async (attachments) => {
    const harness = await setupOverHttp();
    const { id } = await createThread(harness);
    const message = { role: 'user', content: 'Hi.', attachments };
    const { status, body } = await send(harness, 'POST', `/threads/${id}/messages`, json(message));
    expect([status, body.attachments]).toEqual([200, []]);
  });
});

describe('paths and queries', () => {
  test.each(['submit_tool_outputs', 'submit-tool-outputs'])('%s', async (name) => {
    const harness = await setupOverHttp();
    const { path } = await waiting(harness);
    harness.upstream.respondWith({});
    const tool_outputs = [{ tool_call_id: 'call_1', output: 'snow' }];
    const { status, body } = await send(harness, 'POST', `${path}/${name}`, json({ tool_outputs }));
    expect([status, body.status]).toEqual([200, 'queued']);
  });

  const content = 'step_details.tool_calls[*].file_search.results[*].content';
  test.each([
    ['include[]', `include[]=${content}`],
    ['include', `include=${content}`],
    ['include, encoded', `include%5B%5D=${encodeURIComponent(content)}`],
    ['include, counted', `include[0]=${content}`],
    ['include, twice', `include=${content}&include=${content}`],
    ['nobody knows', 'foo=bar&limit[]=&__proto__=1'],
    ['empty', ''],
    ['what was left empty', 'limit=&order=&after=&before=&include[]='],
  ])('a query of %s', async (_, query) => {
    const harness = await setupOverHttp();
    const { path, thread_id, assistant_id } = await waiting(harness);
    const steps = await send(harness, 'GET', `${path}/steps?${query}`);
    expect([steps.status, steps.body.data.length]).toEqual([200, 1]);
    await send(harness, 'POST', `${path}/cancel`);
    await harness.openai.beta.threads.runs.poll(path.split('/').at(-1) ?? '', { thread_id });
    harness.upstream.respondWith({});
    const made = await send(
      harness,
      'POST',
      `/threads/${thread_id}/runs?${query}`,
      json({ assistant_id }),
    );
    expect([made.status, made.body.status]).toEqual([200, 'queued']);
  });

  test('a wrong include is refused wherever it is taken', async () => {
    const harness = await setupOverHttp();
    const { path } = await waiting(harness);
    const { status, body } = await send(harness, 'GET', `${path}/steps?include[]=all`);
    expect([status, body.error.code]).toEqual([400, 'invalid_value']);
  });

  test('ids may be percent-encoded', async () => {
    const harness = await setupOverHttp();
    const { id } = await createThread(harness);
    const encoded = id.replaceAll(/./gu, (letter) => `%${letter.charCodeAt(0).toString(16)}`);
    const { status, body } = await send(harness, 'GET', `/threads/${encoded}`);
    expect([status, body.id]).toEqual([200, id]);
  });

  test('a slash at the end makes no difference', async () => {
    const harness = await setupOverHttp();
    const { id } = await createThread(harness);
    expect((await send(harness, 'GET', `/threads/${id}/`)).body.id).toBe(id);
    expect((await send(harness, 'GET', '/assistants/')).body.object).toBe('list');
    expect((await send(harness, 'POST', '/threads/', json({}))).body.object).toBe('thread');
  });
});

describe('methods', () => {
  test('HEAD is answered like GET, without the body', async () => {
    const harness = await setupOverHttp();
    const { id } = await createThread(harness);
    const there = await send(harness, 'HEAD', `/threads/${id}`);
    expect([there.status, there.body]).toEqual([200, null]);
    expect(there.headers.get('content-type')).toContain('application/json');
    expect((await send(harness, 'HEAD', '/threads/thread_x')).status).toBe(404);
  });

  test.each(['OPTIONS', 'PUT', 'PATCH'])('%s is refused in the envelope', async (method) => {
    const harness = await setupOverHttp();
    const { status, body } = await send(harness, method, '/assistants');
    expect([404, 405]).toContain(status);
    expect(body.error).toMatchObject({ type: 'invalid_request_error', param: null });
  });
});

describe('message files, which only v1 had', () => {
  test.each([
    ['v1', { 'openai-beta': 'assistants=v1' }],
    ['v2', { 'openai-beta': 'assistants=v2' }],
    ['neither', {}],
  ])('with the header of %s', async (_, headers) => {
    const harness = await setupOverHttp();
    const { id } = await createThread(harness);
    const attachments = [
      { file_id: 'file-a', tools: [{ type: 'file_search' }] },
      { file_id: 'file-b', tools: [{ type: 'code_interpreter' }] },
    ];
    const message = { role: 'user', content: 'Read.', attachments };
    const made = await send(harness, 'POST', `/threads/${id}/messages`, json(message, headers));
    const path = `/threads/${id}/messages/${made.body.id}/files`;
    const first = await send(harness, 'GET', `${path}?limit=1&order=asc`, { headers });
    const file = {
      id: 'file-a',
      object: 'thread.message.file',
      created_at: made.body.created_at,
      message_id: made.body.id,
    };
    expect(first.body).toEqual({
      object: 'list',
      data: [file],
      first_id: 'file-a',
      last_id: 'file-a',
      has_more: true,
    });
    const next = await send(harness, 'GET', `${path}?limit=1&order=asc&after=file-a`, { headers });
    expect([next.body.last_id, next.body.has_more]).toEqual(['file-b', false]);
    expect((await send(harness, 'GET', `${path}/file-a`, { headers })).body).toEqual(file);
  });
});
