import { describe, expect, test } from 'vitest';
import { createClient } from '../../src/backend/openai-client.ts';
import { allTools } from '../../src/tools/registry.ts';
import { connectTools } from '../support/mcp.ts';
import { errorResponse, createFakeServer } from '../support/fake-assistants-server.ts';

const thread_id = 'thread_abc';
const run_id = 'run_def';
const runIds = { thread_id, run_id };
const createRunArgs = { thread_id, assistant_id: 'asst_abc' };
const requestId = 'req_0123456789abcdef0123456789abcdef';
const formattedIds = 'thread_id "thread_abc" and run_id "run_def"';

type Case = readonly [
  tool: string,
  args: object,
  requestLine: string,
  message: string,
  advice: string,
];

const cases: readonly Case[] = [
  [
    'create_run',
    createRunArgs,
    'POST /threads/thread_abc/runs',
    'Thread thread_abc already has an active run run_def.',
    `Call get_run with ${formattedIds} and wait_seconds 30 to wait for the run, or cancel_run to cancel it; then retry.`,
  ],
  [
    'create_message',
    { thread_id, role: 'user', content: 'Hi' },
    'POST /threads/thread_abc/messages',
    "Can't add messages to thread_abc while a run run_def is active.",
    `Call get_run with ${formattedIds} and wait_seconds 30 to wait for the run, or cancel_run to cancel it; then retry.`,
  ],
  [
    'create_run',
    createRunArgs,
    'POST /threads/thread_abc/runs',
    'Run creation requires a Thread with a user message or an assistant with instructions.',
    'Add a user message with additional_messages, or pass instructions.',
  ],
  [
    'create_thread_and_run',
    { assistant_id: 'asst_abc' },
    'POST /threads/runs',
    'Run creation requires a Thread with a user message or an assistant with instructions.',
    'Add a user message with thread.messages, or pass instructions.',
  ],
  [
    'submit_tool_outputs',
    {
      ...runIds,
      tool_outputs: [
        { tool_call_id: 'call_a', output: '' },
        { tool_call_id: 'call_x', output: '' },
      ],
    },
    'POST /threads/thread_abc/runs/run_def/submit_tool_outputs',
    "Expected tool outputs for call_ids ['call_a', 'call_b'], got ['call_a', 'call_x']",
    'Send one output for every expected call id in one call (missing: call_b; unexpected: call_x).',
  ],
  [
    'submit_tool_outputs',
    { ...runIds, tool_outputs: [] },
    'POST /threads/thread_abc/runs/run_def/submit_tool_outputs',
    'Runs in status "in_progress" do not accept tool outputs.',
    `Call get_run with ${formattedIds} to see the run's status.`,
  ],
  [
    'submit_tool_outputs',
    { ...runIds, tool_outputs: [] },
    'POST /threads/thread_abc/runs/run_def/submit_tool_outputs',
    'Runs in status "expired" do not accept tool outputs.',
    'Call create_run to start a new run.',
  ],
  [
    'cancel_run',
    runIds,
    'POST /threads/thread_abc/runs/run_def/cancel',
    "Cannot cancel run with status 'completed'.",
    `Call get_run with ${formattedIds} to see the run's status.`,
  ],
  [
    'modify_run',
    runIds,
    'POST /threads/thread_abc/runs/run_def',
    "Cannot update run with status 'queued'.",
    `Call get_run with ${formattedIds} to see the run's status.`,
  ],
];

const notFound: readonly Case[] = [
  [
    'get_thread',
    { thread_id },
    'GET /threads/thread_abc',
    "No thread found with id 'thread_abc'.",
    'Call list_threads to see which exist.',
  ],
  [
    'get_assistant',
    { assistant_id: 'asst_abc' },
    'GET /assistants/asst_abc',
    "No assistant found with id 'asst_abc'.",
    'Call list_assistants to see which exist.',
  ],
  [
    'get_run',
    runIds,
    'GET /threads/thread_abc/runs/run_def',
    "No run found with id 'run_def'.",
    'Call list_runs with thread_id "thread_abc" to see which exist.',
  ],
  [
    'get_run_step',
    { ...runIds, step_id: 'step_a' },
    'GET /threads/thread_abc/runs/run_def/steps/step_a',
    "No run step found with id 'step_a'.",
    `Call list_run_steps with ${formattedIds} to see which exist.`,
  ],
  [
    'get_message',
    { thread_id, message_id: 'msg_a' },
    'GET /threads/thread_abc/messages/msg_a',
    "No message found with id 'msg_a'.",
    'Call list_messages with thread_id "thread_abc" to see which exist.',
  ],
];

const failureText = async (tool: string, args: object, requestLine: string, response: object) => {
  const { openai } = createFakeServer({ [requestLine]: response });
  const host = await connectTools({ openai });
  const { failed, text } = await host.call(tool, args);
  expect(failed).toBe(true);
  return text;
};

describe('the text of a failed call', () => {
  test.each(cases)(
    'ends with advice for the error of %s %j',
    async (tool, args, requestLine, message, advice) => {
      const text = await failureText(tool, args, requestLine, errorResponse(400, message));
      expect(text).toBe(`HTTP 400: ${message}\n(request id: ${requestId})\n${advice}`);
    },
  );

  test.each(notFound)(
    'ends with the list tool for an unknown id in %s %j',
    async (tool, args, requestLine, message, advice) => {
      const text = await failureText(tool, args, requestLine, errorResponse(404, message));
      expect(text).toBe(`HTTP 404: ${message}\n(request id: ${requestId})\n${advice}`);
    },
  );

  test('contains param and code if the error has them', async () => {
    const message = "The requested model 'gpt-0' cannot be used with the Assistants API.";
    const response = errorResponse(400, message, { param: 'model', code: 'unsupported_model' });
    const args = { model: 'gpt-0' };
    expect(await failureText('create_assistant', args, 'POST /assistants', response)).toBe(
      `HTTP 400: ${message}\n(param: model, code: unsupported_model, request id: ${requestId})`,
    );
  });

  test('does not name tools that are not listed', async () => {
    const tools = allTools.filter(({ name }) => name === 'create_run' || name === 'get_assistant');
    const activeRun = 'Thread thread_abc already has an active run run_def.';
    const unknown = "No assistant found with id 'asst_abc'.";
    const { openai } = createFakeServer({
      'POST /threads/thread_abc/runs': errorResponse(400, activeRun),
      'GET /assistants/asst_abc': errorResponse(404, unknown),
    });
    const host = await connectTools({ openai, tools });
    expect((await host.call('create_run', createRunArgs)).text).toBe(
      `HTTP 400: ${activeRun}\n(request id: ${requestId})`,
    );
    expect((await host.call('get_assistant', { assistant_id: 'asst_abc' })).text).toBe(
      `HTTP 404: ${unknown}\n(request id: ${requestId})`,
    );
  });
});

const createRemote = (
  fetch: () => Promise<Response>,
  baseURL = 'https://assistants.example/v1',
) => {
  const openai = createClient({ baseURL, apiKey: 'sk-remote-0123456789', apiVersion: null });
  return openai.withOptions({ fetch, maxRetries: 0 });
};

const listFailureText = async (openai: ReturnType<typeof createRemote>) => {
  const host = await connectTools({ openai, secrets: ['hunter2hunter2'] });
  const { failed, text } = await host.call('list_assistants');
  expect(failed).toBe(true);
  return text;
};

describe('the advice for a server error', () => {
  test('says to check the URL of an unreachable server', async () => {
    const cause = new Error('connect ECONNREFUSED 203.0.113.1:443');
    const openai = createRemote(() => Promise.reject(new TypeError('fetch failed', { cause })));
    expect(await listFailureText(openai)).toBe(
      'connect ECONNREFUSED 203.0.113.1:443\nCheck that https://assistants.example/v1 (ASSISTANTS_BASE_URL) is reachable.',
    );
  });

  test.each([
    [
      'Invalid URL',
      Response.json({ error: { message: 'Invalid URL (GET /assistants)' } }, { status: 404 }),
    ],
    [
      'Resource not found',
      Response.json({ error: { message: 'Resource not found' } }, { status: 404 }),
    ],
    ['detail', Response.json({ detail: 'Not Found' }, { status: 404 })],
    ['no body', new Response(null, { status: 404 })],
    ['404 page not found', new Response('404 page not found', { status: 404 })],
    ['a page of nginx', new Response('<html><head>404</head></html>', { status: 404 })],
    ['a page of an app', new Response('<!DOCTYPE html><title>App</title>', { status: 200 })],
    ['a text', new Response('Ollama is running', { status: 200 })],
  ])('says to check the base URL of a server without the path (%s)', async (_, response) => {
    const text = await listFailureText(
      createRemote(async () => response.clone(), 'https://assistants.example'),
    );
    expect(text.split('\n').at(-1)).toBe(
      'Check ASSISTANTS_BASE_URL: https://assistants.example has no /assistants or /threads. It lacks /v1, which most servers need: try https://assistants.example/v1.',
    );
  });

  test('says where a base URL has to end that has a version', async () => {
    const openai = createRemote(
      async () => errorResponse(404, 'Not Found'),
      'https://assistants.example/api/v1/chat',
    );
    expect(await listFailureText(openai)).toContain(
      "It has to end where that server's /assistants and /threads begin.",
    );
  });

  test('says to check the API key after a 401', async () => {
    const openai = createRemote(async () => errorResponse(401, 'Access denied.'));
    expect(await listFailureText(openai)).toContain(
      "Check the API key in this server's environment.",
    );
  });

  test('says to wait after a 429', async () => {
    const openai = createRemote(async () => errorResponse(429, 'Slow down.'));
    expect(await listFailureText(openai)).toContain('Wait a moment, then retry.');
  });

  test('says that the hosted API is shut down after its 404', async () => {
    const message = "No thread found with id 'thread_abc'.";
    const openai = createRemote(
      async () => errorResponse(404, message),
      'https://api.openai.com/v1',
    );
    const host = await connectTools({ openai });
    const { text } = await host.call('get_thread', { thread_id });
    expect(text).toBe(
      `HTTP 404: ${message}\n(request id: ${requestId})\nOpenAI shut down its hosted Assistants API on 2026-08-26. Unset ASSISTANTS_BASE_URL to use the engine built into this server.`,
    );
  });

  test('shortens a long response that is not JSON', async () => {
    const page = `<html>${'x'.repeat(50_000)}</html>`;
    const badGateway = createRemote(async () => new Response(page, { status: 502 }));
    expect((await listFailureText(badGateway)).length).toBeLessThan(2100);
    const ok = createRemote(async () => new Response(page, { status: 200 }));
    expect(await listFailureText(ok)).toBe("HTTP 200: The server's response is not a JSON object.");
  });

  test('redacts secrets that the server repeats', async () => {
    const message = 'Incorrect API key provided: sk-remote-0123456789, or was it hunter2hunter2?';
    const text = await listFailureText(createRemote(async () => errorResponse(401, message)));
    expect(text).not.toMatch(/sk-remote|hunter2/u);
    expect(text).toContain('[redacted]');
  });
});

test('logs a failure without API keys', async () => {
  const message = 'Incorrect API key provided: sk-remote-0123456789.';
  const { openai } = createFakeServer({ 'GET /assistants': errorResponse(401, message) });
  const host = await connectTools({ openai });
  await host.call('list_assistants');
  const [line = '{}'] = host.logLines;
  expect(JSON.parse(line)).toMatchObject({
    level: 'info',
    message: 'tool call failed',
    tool: 'list_assistants',
    status: 401,
    error: 'Incorrect API key provided: [redacted].',
  });
});
