import OpenAI from 'openai';
import { Hono } from 'hono';
import { describe, expect, onTestFinished, test } from 'vitest';
import { inProcessFetch } from '../../../src/backend/openai-client.ts';
import { errors } from '../../../src/engine/http/errors.ts';
import { answerOnce, changeOnce } from '../../../src/engine/routes/idempotency.ts';
import { openDatabase } from '../../../src/engine/store/open.ts';
import { createClock } from '../../support/clock.ts';
import {
  callIds,
  createAssistant,
  createRun,
  createThread,
  readMessages,
  readRun,
  readSteps,
} from '../../support/conversation.ts';
import { type Harness, setup } from '../../support/engine.ts';
import { temporary } from '../../support/temporary-files.ts';
import { functionCall } from '../../support/upstream-items.ts';

const hour = 3_600_000;
const withKey = (key: string) => ({ 'idempotency-key': key });
const hello = { role: 'user', content: 'Hello.' };

/** What a request needs: an assistant, a thread, and a run that waits for outputs. */
async function prepare(harness: Harness) {
  harness.upstream.respondWith({ output: [functionCall('get_weather', {})] });
  const { run, assistant_id } = await createRun(harness);
  await harness.runToEnd();
  harness.upstream.respondWith({}, {}, {}, {});
  const { id: thread_id } = await createThread(harness);
  const waiting = await readRun(harness, run);
  return { assistant_id, thread_id, waiting };
}

type Prepared = Awaited<ReturnType<typeof prepare>>;

/** Every request that creates or submits something: path, body, and another body. */
const requests: readonly [
  name: string,
  path: (prepared: Prepared) => string,
  body: (prepared: Prepared, isOther: boolean) => object,
][] = [
  [
    'an assistant',
    () => '/assistants',
    (_, isOther) => ({ model: isOther ? 'gpt-4o' : 'gpt-4.1' }),
  ],
  ['a thread', () => '/threads', (_, isOther) => ({ messages: isOther ? [] : [hello] })],
  [
    'a message',
    ({ thread_id }) => `/threads/${thread_id}/messages`,
    (_, isOther) => ({ ...hello, ...(isOther && { content: 'Bye.' }) }),
  ],
  [
    'a run',
    ({ thread_id }) => `/threads/${thread_id}/runs`,
    ({ assistant_id }, isOther) => ({ assistant_id, ...(isOther && { model: 'gpt-4o' }) }),
  ],
  [
    'a thread and run',
    () => '/threads/runs',
    ({ assistant_id }, isOther) => ({
      assistant_id,
      thread: { messages: [hello] },
      ...(isOther && { model: 'gpt-4o' }),
    }),
  ],
  [
    'outputs',
    ({ waiting }) => `/threads/${waiting.thread_id}/runs/${waiting.id}/submit_tool_outputs`,
    ({ waiting }, isOther) => ({
      tool_outputs: callIds(waiting).map((tool_call_id) => ({
        tool_call_id,
        output: isOther ? 'rain' : 'snow',
      })),
    }),
  ],
];

/** Everything that the requests above could have created or changed. */
async function readAll(harness: Harness) {
  const { data: assistants } = await harness.openai.beta.assistants.list({ limit: 100 });
  const { body: threads } = await harness.request('GET', '/threads?limit=100');
  const contents = [];
  for (const { id } of threads.data) {
    const { data: runs } = await harness.openai.beta.threads.runs.list(id);
    const steps = await Promise.all(runs.map((run) => readSteps(harness, run)));
    contents.push({ id, runs, steps, messages: await readMessages(harness, id) });
  }
  return { assistants, threads, contents };
}

describe.each(requests)('a repeated request for %s', (_name, pathOf, bodyOf) => {
  test('gets the first answer and changes nothing', async () => {
    const harness = await setup();
    const prepared = await prepare(harness);
    const post = () =>
      harness.request('POST', pathOf(prepared), bodyOf(prepared, false), withKey('key-1'));
    const first = await post();
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    await harness.runToEnd();
    const stored = await readAll(harness);
    const calls = harness.upstream.requests.length;
    const second = await post();
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    expect([second.status, second.body]).toEqual([200, first.body]);
    await harness.runToEnd();
    expect(await readAll(harness)).toEqual(stored);
    expect(harness.upstream.requests).toHaveLength(calls);
  });

  test('is a 409 with another body, which the SDKs do not retry', async () => {
    const harness = await setup();
    const prepared = await prepare(harness);
    const post = (isOther: boolean) =>
      harness.request('POST', pathOf(prepared), bodyOf(prepared, isOther), withKey('key-1'));
    await post(false);
    await harness.runToEnd();
    const stored = await readAll(harness);
    const { status, headers, body } = await post(true);
    expect(status).toBe(409);
    expect(headers.get('x-should-retry')).toBe('false');
    expect(body.error).toEqual({
      message:
        'The Idempotency-Key of this request was used for a request with another body. Send a new key with each new request.',
      type: 'invalid_request_error',
      param: null,
      code: 'idempotency_key_reused',
    });
    expect(await readAll(harness)).toEqual(stored);
  });

  test('waits for the first one, also in another process', async () => {
    const database = temporary();
    const one = await setup({ database });
    const other = await setup({ database, ids: one.ids, clock: one.clock });
    const prepared = await prepare(one);
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) => (index % 2 === 0 ? one : other)).map((harness) =>
        harness.request('POST', pathOf(prepared), bodyOf(prepared, false), withKey('key-1')),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    const { body } = answers[0] ?? {};
    expect(answers.map((answer) => answer.body)).toEqual(answers.map(() => body));
    const replayed = answers.filter(({ headers }) => headers.has('idempotent-replayed'));
    expect(replayed).toHaveLength(answers.length - 1);
  });
});

test('a key holds for one path and for 24 hours', async () => {
  const harness = await setup();
  const { id: one } = await createThread(harness);
  const { id: other } = await createThread(harness);
  const post = async (thread_id: string) => {
    const path = `/threads/${thread_id}/messages`;
    return (await harness.request('POST', path, hello, withKey('key-1'))).body.id;
  };
  const first = await post(one);
  expect(await post(other)).not.toBe(first);
  await harness.clock.advance(24 * hour - 1000);
  expect(await post(one)).toBe(first);
  await harness.clock.advance(1000);
  const second = await post(one);
  expect(second).not.toBe(first);
  expect(await post(one)).toBe(second);
});

test('a request that failed leaves its key free', async () => {
  const harness = await setup();
  const { id: assistant_id } = await createAssistant(harness);
  const { id } = await createThread(harness);
  const post = (body: object) =>
    harness.request('POST', `/threads/${id}/runs`, body, withKey('key-1'));
  expect((await post({ assistant_id: 'asst_missing' })).status).toBe(404);
  expect((await post({ assistant_id, model: 7 })).status).toBe(400);
  expect((await post({ assistant_id })).status).toBe(200);
});

test.each([
  ['empty', ''],
  ['blank', ' '],
  ['longer than 255 characters', 'k'.repeat(256)],
])('a key that is %s is a 400', async (_name, key) => {
  const harness = await setup();
  const { status, body } = await harness.request('POST', '/threads', {}, withKey(key));
  expect(status).toBe(400);
  expect(body.error).toMatchObject({
    message: 'The header Idempotency-Key must have between 1 and 255 characters.',
    code: 'invalid_idempotency_key',
  });
});

test('a key may have 255 characters of any kind', async () => {
  const harness = await setup();
  const key = `"é"${'k'.repeat(252)}`;
  const post = () => harness.request('POST', '/threads', {}, withKey(key));
  expect((await post()).body).toEqual((await post()).body);
});

test('the answers about a thread are deleted with it', async () => {
  const harness = await setup();
  const { id } = await createThread(harness);
  const post = () => harness.request('POST', `/threads/${id}/messages`, hello, withKey('key-1'));
  expect((await post()).status).toBe(200);
  await harness.openai.beta.threads.delete(id);
  expect((await post()).body.error.message).toBe(`No thread found with id '${id}'.`);
});

test('repeated requests at once leave one vector store', async () => {
  const harness = await setup();
  harness.storage.addFile('file-a');
  const tool_resources = { file_search: { vector_stores: [{ file_ids: ['file-a'] }] } };
  const post = () => harness.request('POST', '/threads', { tool_resources }, withKey('key-1'));
  const answers = await Promise.all([post(), post(), post()]);
  const [id, ...others] = harness.storage.stores.keys();
  expect(others).toEqual([]);
  expect(answers.map(({ body }) => body.tool_resources.file_search.vector_store_ids)).toEqual(
    answers.map(() => [id]),
  );
});

test('a request that fails because the first one was made meanwhile gets its answer', async () => {
  const db = await openDatabase(':memory:');
  onTestFinished(() => db.destroy());
  const answer = { object: { id: 'run_1' }, thread_id: null };
  const app = new Hono();
  const handle = answerOnce({ db, clock: createClock() }, async (_context, key) => {
    await changeOnce(
      db,
      key,
      async () => answer,
      () => answer,
    );
    throw errors.threadHasActiveRun('thread_1', 'run_1');
  });
  app.post('/', handle);
  const response = await app.request('/', { method: 'POST', headers: withKey('key-1') });
  expect([response.status, await response.json()]).toEqual([200, { id: 'run_1' }]);
});

test('a modification, a cancellation and a deletion ignore the key', async () => {
  const harness = await setup();
  const { run, thread_id } = await createRun(harness);
  const send = (method: string, path: string, body?: object) =>
    harness.request(method, `/threads/${thread_id}${path}`, body, withKey('key-1'));
  expect((await send('POST', '', { metadata: { a: '1' } })).body.metadata).toEqual({ a: '1' });
  expect((await send('POST', '', { metadata: { a: '2' } })).body.metadata).toEqual({ a: '2' });
  expect((await send('POST', `/runs/${run.id}/cancel`)).status).toBe(200);
  expect((await send('POST', `/runs/${run.id}/cancel`)).status).toBe(400);
  expect((await send('DELETE', '')).status).toBe(200);
  expect((await send('DELETE', '')).status).toBe(404);
});

/** The SDK as its generator writes it for APIs with keys: it sends one with each POST and its retries. */
class KeyedOpenAI extends OpenAI {
  protected override idempotencyHeader = 'Idempotency-Key';
}

test('an SDK that sends keys can repeat a request whose answer was lost', async () => {
  const harness = await setup();
  const keys: (string | null)[] = [];
  const openai = new KeyedOpenAI({
    apiKey: 'sk-caller',
    baseURL: 'http://embedded/v1',
    maxRetries: 1,
    fetch: inProcessFetch(async (request) => {
      keys.push(request.headers.get('idempotency-key'));
      const response = await harness.fetch(request);
      if (keys.length === 1) throw new Error('the answer was lost');
      return response;
    }),
  });
  const thread = await openai.beta.threads.create({ metadata: { a: 'b' } });
  expect(keys).toEqual([keys[0], keys[0]]);
  expect(keys[0]).toMatch(/^stainless-node-retry-/u);
  const { body } = await harness.request('GET', '/threads');
  expect(body.data).toEqual([thread]);
});
