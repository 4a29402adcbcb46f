import { DatabaseSync } from 'node:sqlite';
import { APIError, type OpenAI } from 'openai';
import { describe, expect, test } from 'vitest';
import { respondJson, startProxy } from '../support/proxy.ts';
import { queueRun } from '../support/queued-run.ts';
import { sdkFor, startServe, writeRaw } from '../support/serve.ts';
import { temporary } from '../support/temporary-files.ts';

const refusal = {
  error: {
    message: 'This server is read-only.',
    type: 'invalid_request_error',
    param: null,
    code: null,
  },
};

const thread_id = 'thread_a';
const user = { role: 'user' as const, content: 'Hello.' };

/** A request of the SDK for each endpoint that changes something, here or at the model endpoint. */
const writes: readonly [string, (openai: OpenAI) => Promise<unknown>][] = [
  ['creates an assistant', ({ beta }) => beta.assistants.create({ model: 'm' })],
  ['modifies an assistant', ({ beta }) => beta.assistants.update('asst_a', { name: 'A' })],
  ['deletes an assistant', ({ beta }) => beta.assistants.delete('asst_a')],
  ['creates a thread', ({ beta }) => beta.threads.create()],
  ['modifies a thread', ({ beta }) => beta.threads.update(thread_id, { metadata: {} })],
  ['deletes a thread', ({ beta }) => beta.threads.delete(thread_id)],
  ['runs a thread', ({ beta }) => beta.threads.createAndRun({ assistant_id: 'asst_a' })],
  ['adds a message', ({ beta }) => beta.threads.messages.create(thread_id, user)],
  [
    'modifies a message',
    ({ beta }) => beta.threads.messages.update('msg_a', { thread_id, metadata: {} }),
  ],
  ['deletes a message', ({ beta }) => beta.threads.messages.delete('msg_a', { thread_id })],
  [
    'creates a run',
    ({ beta }) => beta.threads.runs.create(thread_id, { assistant_id: 'asst_a', stream: true }),
  ],
  ['modifies a run', ({ beta }) => beta.threads.runs.update('run_a', { thread_id, metadata: {} })],
  ['cancels a run', ({ beta }) => beta.threads.runs.cancel('run_a', { thread_id })],
  [
    'submits outputs',
    ({ beta }) => beta.threads.runs.submitToolOutputs('run_a', { thread_id, tool_outputs: [] }),
  ],
  ['uploads a file', ({ files }) => files.create({ file: new File(['a'], 'a'), purpose: 'evals' })],
  ['deletes a file', ({ files }) => files.delete('file-a')],
  ['creates a vector store', ({ vectorStores }) => vectorStores.create({})],
  ['calls a model', ({ responses }) => responses.create({ model: 'm', input: 'Hello.' })],
];

describe('serve --read-only', () => {
  test.each(writes)('refuses a request that %s', async (_name, write) => {
    const argv = ['--read-only'];
    const { served, requests } = await startProxy(respondJson({}), { argv });
    const error: unknown = await write(sdkFor(served)).catch((reason: unknown) => reason);
    if (!(error instanceof APIError)) throw error;
    expect({ status: error.status, error: error.error }).toEqual({ status: 405, ...refusal });
    expect(error.headers?.get('allow')).toBe('GET, HEAD');
    expect(requests).toEqual([]);
    const openai = sdkFor(served);
    expect((await openai.beta.assistants.list()).data).toEqual([]);
  });

  test.each([
    ['PUT', '/v1/threads/thread_a'],
    ['PATCH', '/v1/assistants/asst_a'],
    ['POST', '/v1/threads/'],
    ['POST', '/v1/models/../threads'],
    ['POST', '/v1//threads'],
    ['POST', '/v1/%74hreads'],
    ['PUT', '/v1/models/m'],
    ['PATCH', '/v1/models/m'],
    ['DELETE', '/v1/models/m'],
  ])('does not let %s %s change anything', async (method, path) => {
    const argv = ['--read-only'];
    const { served, requests } = await startProxy(respondJson({}), { argv });
    const lines = [`${method} ${path} HTTP/1.1`, 'Host: localhost', 'Content-Length: 2'];
    const { status } = await writeRaw(served, lines, '{}');
    expect([404, 405]).toContain(status);
    expect(requests).toEqual([]);
    expect(await (await fetch(`${served.url}/v1/threads`)).json()).toMatchObject({ data: [] });
  });

  test.each(['X-HTTP-Method-Override', 'x-http-method', 'X-Method-Override'])(
    'refuses a GET that %s could turn into another method',
    async (name) => {
      const argv = ['--read-only'];
      const { served, requests } = await startProxy(respondJson({}), { argv });
      const response = await fetch(`${served.url}/v1/files/file-a`, {
        headers: { [name]: 'DELETE' },
      });
      expect(response.status).toBe(405);
      expect(await response.json()).toEqual(refusal);
      expect(requests).toEqual([]);
    },
  );

  test('answers GET and HEAD, its own and those for the model endpoint', async () => {
    const { served, requests } = await startProxy(respondJson({ object: 'list', data: [] }), {
      argv: ['--read-only'],
    });
    for (const path of ['/v1/assistants', '/v1/threads', '/v1/models', '/healthz', '/metrics']) {
      expect((await fetch(served.url + path)).status).toBe(200);
    }
    const head = await fetch(`${served.url}/v1/assistants`, { method: 'HEAD' });
    expect(head.status).toBe(200);
    expect(requests.map(({ method, url }) => `${method} ${url}`)).toEqual(['GET /v1/models']);
  });

  test('still answers what no path or method has as any other server', async () => {
    const served = await startServe({ argv: ['--read-only'] });
    expect((await fetch(`${served.url}/nowhere`, { method: 'POST' })).status).toBe(404);
    const options = await fetch(`${served.url}/v1/threads`, { method: 'OPTIONS' });
    expect(options.status).toBe(405);
    expect(options.headers.get('allow')).toBe('GET, HEAD');
    expect(await options.json()).toMatchObject({
      error: { message: 'Not allowed to OPTIONS on /v1/threads.' },
    });
  });

  test('checks the token first', async () => {
    const env = { ASSISTANTS_TOKEN: 'let-me-in-0123456789-abcdefgh' };
    const served = await startServe({ argv: ['--read-only', '--model-api', 'scripted'], env });
    expect((await fetch(`${served.url}/v1/threads`, { method: 'POST' })).status).toBe(401);
  });

  test('reads a queued run and does not execute it, which the next server does', async () => {
    const file = temporary();
    const { id, thread_id: thread } = await queueRun(file);
    const argv = ['--database', file, '--read-only'];
    const reader = await startServe({ argv });
    const ids = { thread_id: thread };
    expect(await sdkFor(reader).beta.threads.runs.retrieve(id, ids)).toMatchObject({
      status: 'queued',
    });
    await reader.stop();
    const database = new DatabaseSync(file);
    expect(database.prepare('select status, lease_token from runs').all()).toEqual([
      { status: 'queued', lease_token: null },
    ]);
    database.close();
    const writer = await startServe({ argv: ['--database', file] });
    expect(await sdkFor(writer).beta.threads.runs.poll(id, ids)).toMatchObject({
      status: 'completed',
    });
  });
});
