import { describe, expect, test } from 'vitest';
import { setupOverHttp, type HttpHarness } from '../support/http.ts';
import { createAssistant, createThread } from '../support/conversation.ts';
import { functionCall } from '../support/upstream-items.ts';

/** Sends a request exactly as written, without default headers or body. */
async function send(harness: HttpHarness, method: string, path: string, init: RequestInit = {}) {
  const response = await fetch(`${harness.url}/v1${path}`, { method, ...init });
  const text = await response.text();
  // oxlint-disable-next-line typescript/no-explicit-any -- a test reads into any JSON
  const body: any = text === '' ? null : JSON.parse(text);
  return { status: response.status, headers: response.headers, body };
}

const json = (body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  headers: { 'content-type': 'application/json', ...headers },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

/** A thread with a run that waits for outputs. */
async function createWaitingRun(harness: HttpHarness) {
  harness.upstream.respondWith({ output: [functionCall('get_weather', {}, 'call_1')] });
  const { id: assistant_id } = await createAssistant(harness);
  const { id: thread_id } = await createThread(harness);
  const run = await harness.openai.beta.threads.runs.createAndPoll(thread_id, { assistant_id });
  return { run, thread_id, assistant_id, path: `/threads/${thread_id}/runs/${run.id}` };
}

describe('headers', () => {
  test.each([
    ['without OpenAI-Beta', {}],
    ['with OpenAI-Beta v1', { 'openai-beta': 'assistants=v1' }],
    ['with OpenAI-Beta v2', { 'openai-beta': 'assistants=v2' }],
    ['with several betas', { 'openai-beta': 'realtime=v1, assistants=v2' }],
    ['without Authorization', { authorization: '' }],
    ['without Content-Type', { 'content-type': '' }],
    ['with Content-Type text/plain', { 'content-type': 'text/plain' }],
    ['with a charset', { 'content-type': 'application/json; charset=UTF-8' }],
    ['with the Content-Type of a form', { 'content-type': 'application/x-www-form-urlencoded' }],
  ])('accepts a request %s', async (_, headers) => {
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
    ['no body', {}],
    ['an empty body', json('')],
    ['white space', json(' \r\n')],
    ['{}', json({})],
    ['null', json(null)],
    ['[]', json([])],
    ['undefined fields, which JSON leaves out', json({ messages: undefined })],
    ['nulls', json({ metadata: null, tool_resources: null })],
  ])('creates a thread from %s', async (_, init) => {
    const harness = await setupOverHttp();
    const { status, body } = await send(harness, 'POST', '/threads', init);
    expect([status, body.object, body.metadata]).toEqual([200, 'thread', {}]);
  });

  test.each<[string, RequestInit]>([
    ['no body', {}],
    ['an empty body', json('')],
    ['{}', json({})],
    ['null', json(null)],
  ])('cancels a run with %s', async (_, init) => {
    const harness = await setupOverHttp();
    const { path } = await createWaitingRun(harness);
    const { status, body } = await send(harness, 'POST', `${path}/cancel`, init);
    expect([status, body.status]).toEqual([200, 'cancelling']);
  });

  test.each([[null], [undefined], [false]])(
    'answers a run with stream %j as JSON',
    async (stream) => {
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
    },
  );

  test.each([[null], [undefined], [[]]])(
    'creates a message with attachments %j',
    async (attachments) => {
      const harness = await setupOverHttp();
      const { id } = await createThread(harness);
      const message = { role: 'user', content: 'Hi.', attachments };
      const { status, body } = await send(
        harness,
        'POST',
        `/threads/${id}/messages`,
        json(message),
      );
      expect([status, body.attachments]).toEqual([200, []]);
    },
  );
});

describe('paths and queries', () => {
  test.each(['submit_tool_outputs', 'submit-tool-outputs'])('accepts the path %s', async (name) => {
    const harness = await setupOverHttp();
    const { path } = await createWaitingRun(harness);
    harness.upstream.respondWith({});
    const tool_outputs = [{ tool_call_id: 'call_1', output: 'snow' }];
    const { status, body } = await send(harness, 'POST', `${path}/${name}`, json({ tool_outputs }));
    expect([status, body.status]).toEqual([200, 'queued']);
  });

  const content = 'step_details.tool_calls[*].file_search.results[*].content';
  test.each([
    ['with include[]', `include[]=${content}`],
    ['with include', `include=${content}`],
    ['with an encoded include[]', `include%5B%5D=${encodeURIComponent(content)}`],
    ['with include[0]', `include[0]=${content}`],
    ['with include twice', `include=${content}&include=${content}`],
    ['with unknown parameters', 'foo=bar&limit[]=&__proto__=1'],
    ['that is empty', ''],
    ['with empty parameters', 'limit=&order=&after=&before=&include[]='],
  ])('accepts a query %s', async (_, query) => {
    const harness = await setupOverHttp();
    const { path, thread_id, assistant_id } = await createWaitingRun(harness);
    const steps = await send(harness, 'GET', `${path}/steps?${query}`);
    expect([steps.status, steps.body.data.length]).toEqual([200, 1]);
    await send(harness, 'POST', `${path}/cancel`);
    await harness.openai.beta.threads.runs.poll(path.split('/').at(-1) ?? '', { thread_id });
    harness.upstream.respondWith({});
    const created = await send(
      harness,
      'POST',
      `/threads/${thread_id}/runs?${query}`,
      json({ assistant_id }),
    );
    expect([created.status, created.body.status]).toEqual([200, 'queued']);
  });

  test('answers 400 for an unknown include', async () => {
    const harness = await setupOverHttp();
    const { path } = await createWaitingRun(harness);
    const { status, body } = await send(harness, 'GET', `${path}/steps?include[]=all`);
    expect([status, body.error.code]).toEqual([400, 'invalid_value']);
  });

  test('accepts percent-encoded ids', async () => {
    const harness = await setupOverHttp();
    const { id } = await createThread(harness);
    const encoded = id.replaceAll(/./gu, (letter) => `%${letter.charCodeAt(0).toString(16)}`);
    const { status, body } = await send(harness, 'GET', `/threads/${encoded}`);
    expect([status, body.id]).toEqual([200, id]);
  });

  test('ignores a slash at the end of the path', async () => {
    const harness = await setupOverHttp();
    const { id } = await createThread(harness);
    expect((await send(harness, 'GET', `/threads/${id}/`)).body.id).toBe(id);
    expect((await send(harness, 'GET', '/assistants/')).body.object).toBe('list');
    expect((await send(harness, 'POST', '/threads/', json({}))).body.object).toBe('thread');
  });

  test('ignores a slash at the end of the base URL', async () => {
    const harness = await setupOverHttp();
    const { id } = await createThread(harness);
    expect((await send(harness, 'GET', `//threads/${id}`)).body.id).toBe(id);
    const messages = await fetch(`${harness.url}//v1/threads/${id}/messages`);
    expect(await messages.json()).toMatchObject({ object: 'list' });
  });
});

describe('methods', () => {
  test('answers HEAD like GET, without the body', async () => {
    const harness = await setupOverHttp();
    const { id } = await createThread(harness);
    const response = await send(harness, 'HEAD', `/threads/${id}`);
    expect([response.status, response.body]).toEqual([200, null]);
    expect(response.headers.get('content-type')).toContain('application/json');
    expect((await send(harness, 'HEAD', '/threads/thread_x')).status).toBe(404);
  });

  test.each(['OPTIONS', 'PUT', 'PATCH'])(
    'answers %s with an error in the API’s envelope',
    async (method) => {
      const harness = await setupOverHttp();
      const { status, body } = await send(harness, method, '/assistants');
      expect([404, 405]).toContain(status);
      expect(body.error).toMatchObject({ type: 'invalid_request_error', param: null });
    },
  );
});

describe('message files, of API v1 only', () => {
  test.each([
    ['v1', { 'openai-beta': 'assistants=v1' }],
    ['v2', { 'openai-beta': 'assistants=v2' }],
    ['neither version', {}],
  ])('lists and retrieves them with the header of %s', async (_, headers) => {
    const harness = await setupOverHttp();
    const { id } = await createThread(harness);
    const attachments = [
      { file_id: 'file-a', tools: [{ type: 'file_search' }] },
      { file_id: 'file-b', tools: [{ type: 'code_interpreter' }] },
    ];
    const message = { role: 'user', content: 'Read.', attachments };
    const created = await send(harness, 'POST', `/threads/${id}/messages`, json(message, headers));
    const path = `/threads/${id}/messages/${created.body.id}/files`;
    const first = await send(harness, 'GET', `${path}?limit=1&order=asc`, { headers });
    const file = {
      id: 'file-a',
      object: 'thread.message.file',
      created_at: created.body.created_at,
      message_id: created.body.id,
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
