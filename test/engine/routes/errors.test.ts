import { describe, expect, test } from 'vitest';
import { setup } from '../../support/engine.ts';
import {
  createRun,
  readMessages,
  readSteps,
  apiErrorOf,
  submitOutputs,
  readRun,
} from '../../support/conversation.ts';
import { functionCall } from '../../support/upstream-items.ts';

describe('a missing object or route', () => {
  /** Paths with `T`, `M`, `R` and `S` for a thread, a message, a run and a step that exist. */
  const cases: [method: string, path: string, message: string][] = [
    ['GET', '/assistants/asst_x', "No assistant found with id 'asst_x'."],
    ['POST', '/assistants/asst_x', "No assistant found with id 'asst_x'."],
    ['DELETE', '/assistants/asst_x', "No assistant found with id 'asst_x'."],
    ['GET', '/threads/thread_x', "No thread found with id 'thread_x'."],
    ['POST', '/threads/thread_x', "No thread found with id 'thread_x'."],
    ['DELETE', '/threads/thread_x', "No thread found with id 'thread_x'."],
    ['GET', '/threads/thread_x/messages', "No thread found with id 'thread_x'."],
    ['GET', '/threads/thread_x/messages/M', "No thread found with id 'thread_x'."],
    ['GET', '/threads/T/messages/msg_x', "No message found with id 'msg_x'."],
    ['POST', '/threads/T/messages/msg_x', "No message found with id 'msg_x'."],
    ['DELETE', '/threads/T/messages/msg_x', "No message found with id 'msg_x'."],
    ['GET', '/threads/T/messages/msg_x/files', "No message found with id 'msg_x'."],
    ['GET', '/threads/T/messages/M/files/file-x', "No file found with id 'file-x' in message 'M'."],
    ['GET', '/threads/thread_x/runs', "No thread found with id 'thread_x'."],
    ['GET', '/threads/T/runs/run_x', "No run found with id 'run_x'."],
    ['POST', '/threads/T/runs/run_x', "No run found with id 'run_x'."],
    ['POST', '/threads/T/runs/run_x/cancel', "No run found with id 'run_x'."],
    ['GET', '/threads/T/runs/run_x/steps', "No run found with id 'run_x'."],
    ['GET', '/threads/T/runs/run_x/steps/S', "No run found with id 'run_x'."],
    ['GET', '/threads/T/runs/R/steps/step_x', "No run step found with id 'step_x'."],
    ['GET', '/nonsense', 'Invalid URL (GET /v1/nonsense)'],
    ['POST', '/threads/T/nonsense', 'Invalid URL (POST /v1/threads/T/nonsense)'],
    ['PUT', '/assistants', 'Invalid URL (PUT /v1/assistants)'],
    ['DELETE', '/threads/T/runs/R', 'Invalid URL (DELETE /v1/threads/T/runs/R)'],
  ];

  test.each(cases)('answers 404 to %s %s', async (method, path, message) => {
    const harness = await setup();
    harness.upstream.respondWith({});
    const { run, thread_id } = await createRun(harness);
    await harness.runToEnd();
    const [first] = await readMessages(harness, thread_id);
    const [step] = await readSteps(harness, run);
    const ids: Record<string, string> = {
      T: thread_id,
      M: first?.id ?? '',
      R: run.id,
      S: step?.id ?? '',
    };
    const replaceLetters = (text: string) =>
      text.replaceAll(/(?<![A-Z])[TMRS](?![A-Za-z])/gu, (letter) => ids[letter] ?? letter);
    const body = method === 'POST' ? {} : undefined;
    const response = await harness.request(method, replaceLetters(path), body);
    expect(response.status).toBe(404);
    expect(response.body).toEqual({
      error: {
        message: replaceLetters(message),
        type: 'invalid_request_error',
        param: null,
        code: null,
      },
    });
  });
});

describe('an id of the wrong shape', () => {
  test.each([
    ['/threads/undefined', 'thread_id', 'undefined', 'thread'],
    ['/threads/%20', 'thread_id', ' ', 'thread'],
    ['/assistants/2', 'assistant_id', '2', 'asst'],
    ['/threads/T/runs/x', 'run_id', 'x', 'run'],
    ['/threads/T/messages/x', 'message_id', 'x', 'msg'],
    ['/threads/x/messages/x', 'thread_id', 'x', 'thread'],
    ['/threads/thread_x/messages/x', 'message_id', 'x', 'msg'],
    ['/threads/thread_x/runs/run_x/steps/x', 'step_id', 'x', 'step'],
    ['/threads/T/runs/R/steps/x', 'step_id', 'x', 'step'],
    ["/threads/'; drop table threads; --", 'thread_id', "'; drop table threads; --", 'thread'],
    ['/threads/%2e%2e%2fassistants', 'thread_id', '../assistants', 'thread'],
    ['/threads/%F0%9F%98%80', 'thread_id', '😀', 'thread'],
  ])('answers 400 to GET %s', async (path, param, value, prefix) => {
    const harness = await setup();
    const { run, thread_id } = await createRun(harness);
    const url = path.replace('/T/', `/${thread_id}/`).replace('/R/', `/${run.id}/`);
    const { status, body } = await harness.request('GET', url);
    expect(status).toBe(400);
    expect(body.error).toEqual({
      message: `Invalid '${param}': '${value}'. Expected an ID that begins with '${prefix}'.`,
      type: 'invalid_request_error',
      param,
      code: 'invalid_value',
    });
  });

  test('answers 400 or 404 to a path that cannot be decoded', async () => {
    const { request } = await setup();
    const { status } = await request('GET', '/threads/%E0%A4%A');
    expect([400, 404]).toContain(status);
  });

  test('answers 404 for an assistant_id in the body that does not exist', async () => {
    const harness = await setup();
    const { id } = await harness.openai.beta.threads.create();
    const creation = harness.openai.beta.threads.runs.create(id, { assistant_id: 'asst_x' });
    expect(await apiErrorOf(creation)).toMatchObject({
      status: 404,
      message: "No assistant found with id 'asst_x'.",
    });
  });
});

describe('the order of checks', () => {
  test.each([
    ['the shape of a path id before the body', '/threads/x/runs', '{"a":1', "Invalid 'thread_id'"],
    [
      'the body before the thread',
      '/threads/thread_x/runs',
      '{"a":1',
      'We could not parse the JSON body',
    ],
    [
      'missing parameters before unknown ones',
      '/threads/thread_x/runs',
      '{"zzz":1}',
      'Missing required parameter',
    ],
    [
      'unknown parameters before wrong values',
      '/threads/thread_x/runs',
      '{"assistant_id":"asst_x","temperature":9,"zzz":1}',
      "Unknown parameter: 'zzz'.",
    ],
    [
      'wrong values before the thread',
      '/threads/thread_x/runs',
      '{"assistant_id":"asst_x","temperature":9}',
      "Invalid 'temperature'",
    ],
    [
      'the thread before the assistant',
      '/threads/thread_x/runs',
      '{"assistant_id":"asst_x"}',
      "No thread found with id 'thread_x'.",
    ],
  ])('checks %s', async (_, path, body, start) => {
    const { request } = await setup();
    const response = await request('POST', path, body);
    expect(response.body.error.message.slice(0, start.length)).toBe(start);
  });

  test.each(['messages', 'runs', 'messages/msg_x/files', 'runs/run_x/steps'])(
    'checks the query before the thread: GET %s',
    async (list) => {
      const { request } = await setup();
      const { body } = await request('GET', `/threads/thread_x/${list}?limit=0`);
      expect(body.error.code).toBe('integer_below_min_value');
    },
  );

  test('checks the status of a run before the tool outputs', async () => {
    const harness = await setup();
    harness.upstream.respondWith({ output: [functionCall('get_weather', {}, 'call_1')] }, {});
    const { run, thread_id } = await createRun(harness);
    const path = `/threads/${thread_id}/runs/${run.id}/submit_tool_outputs`;
    const wrong = { tool_outputs: [{ tool_call_id: 'call_z', output: '' }] };
    const queued = await harness.request('POST', path, wrong);
    expect(queued.body.error.message).toBe('Runs in status "queued" do not accept tool outputs.');
    await harness.runToEnd();
    const empty = await harness.request('POST', path, {});
    expect(empty.body.error).toMatchObject({
      message: "Missing required parameter: 'tool_outputs'.",
      code: 'missing_required_parameter',
    });
    const unknownCall = await harness.request('POST', path, wrong);
    expect(unknownCall.body.error.message).toBe(
      "Expected tool outputs for call_ids ['call_1'], got ['call_z']",
    );
    await submitOutputs(harness, await readRun(harness, run));
  });
});

test('accepts the beta header and does not require it', async () => {
  const { request } = await setup();
  for (const value of ['assistants=v2', 'assistants=v1', 'realtime=v1, assistants=v2']) {
    expect((await request('POST', '/threads', {}, { 'openai-beta': value })).status).toBe(200);
  }
  expect((await request('POST', '/threads', {})).status).toBe(200);
});

test('gives every response its own request id', async () => {
  const { request } = await setup();
  const responses = [await request('GET', '/threads'), await request('GET', '/threads/x')];
  const ids = responses.map(({ headers }) => headers.get('x-request-id'));
  expect(new Set(ids).size).toBe(2);
  expect(ids[0]).toMatch(/^req_[0-9a-f]{32}$/u);
});
