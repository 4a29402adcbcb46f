import { describe, expect, test } from 'vitest';
import { chatStream, events, openAt, sse, textResponse } from '../../support/answer-server.ts';

/* Errors of servers that pass, in the forms in which their users report them. */

const apis = ['chat', 'responses'] as const;
type Api = (typeof apis)[number];

const good = (api: Api) =>
  api === 'chat' ? chatStream([{ content: 'Snow.' }]) : textResponse('Snow.');

/** A server whose first answer is `bad`; the run's answer, and when the calls were made. */
async function answerAfter(api: Api, bad: () => Response) {
  const times: number[] = [];
  const at: Awaited<ReturnType<typeof openAt>> = await openAt(
    {
      [api]: (_: unknown, call: number) => {
        times.push(at.harness.clock.now());
        return call === 0 ? bad() : good(api);
      },
    },
    { model: api },
  );
  const { run, thread_id } = await at.start();
  return { run, texts: await at.texts(thread_id), times };
}

const error = (body: unknown, status: number) => Response.json(body, { status });

describe.each(apis)('over %s, a call is made again after', (api) => {
  test.each([
    { type: 'overloaded_error', message: 'Overloaded' },
    {
      type: 'service_unavailable_error',
      code: 'server_is_overloaded',
      message: 'Our servers are currently overloaded.',
    },
    { type: 'server_error', code: null, message: 'The server had an error.' },
    { type: 'internal_error', message: 'Internal server error' },
    { type: 'rate_limit_error', message: 'Slow down.' },
    { code: 'engine_error', message: 'The engine is currently unavailable.' },
    { status: 'RESOURCE_EXHAUSTED', message: 'Resource has been exhausted.' },
    { status_code: 503, message: 'No worker.' },
    { http_code: '529', message: 'Busy.' },
  ])('the error %j in a stream', async (value) => {
    const stream = events([{ type: 'error', error: value }]);
    expect((await answerAfter(api, () => sse(stream))).texts).toEqual(['Snow.']);
  });

  test.each([424, 425, 498])('status %i', async (status) => {
    const bad = () => error({ error: { message: 'Later.' } }, status);
    expect((await answerAfter(api, bad)).texts).toEqual(['Snow.']);
  });

  test('a rate limit of status 400', async () => {
    const body = { error: { type: 'ThrottlingException', message: 'Too many tokens.' } };
    expect((await answerAfter(api, () => error(body, 400))).texts).toEqual(['Snow.']);
  });

  test.each<[string, number, object]>([
    [
      'for a call that the server could not read (Groq)',
      400,
      {
        error: {
          message: 'Failed to call a function. Please adjust your prompt.',
          type: 'invalid_request_error',
          code: 'tool_use_failed',
          failed_generation: '<function=get_weather{"city": "Oslo"}</function>',
        },
      },
    ],
    [
      'for a call that the server could not read (Ollama)',
      500,
      { error: { message: "error parsing tool call: raw='{', err=unexpected end of JSON input" } },
    ],
    [
      'for a call that the server could not read (llama.cpp)',
      500,
      { error: { code: 500, message: 'Failed to parse input at pos 12: <tool_call>' } },
    ],
  ])('an error %s', async (_, status, body) => {
    expect((await answerAfter(api, () => error(body, status))).texts).toEqual(['Snow.']);
  });

  test.each<[string, number, object]>([
    [
      'in a field of the error (Gemini)',
      75_500,
      {
        error: {
          code: 429,
          message: 'Resource exhausted.',
          details: [{ '@type': 'google.rpc.RetryInfo', retryDelay: '75.5s' }],
        },
      },
    ],
    ['in seconds', 90_000, { error: { message: 'Slow down.' }, retry_after: 90 }],
    ['in milliseconds', 70_000, { error: { message: 'Slow down.', retry_after_ms: 70_000 } }],
    [
      'in its sentence (Groq)',
      92_500,
      { error: { message: 'Rate limit reached. Please try again in 1m32.5s.' } },
    ],
    ['in words', 120_000, { error: { message: 'Too many requests, retry after 120 seconds.' } }],
  ])('the pause that is named %s', async (_, pauseMs, body) => {
    const { texts, times } = await answerAfter(api, () => error(body, 429));
    const [first = 0, second = 0] = times;
    expect(texts).toEqual(['Snow.']);
    expect(second - first).toBeGreaterThanOrEqual(pauseMs);
    expect(second - first).toBeLessThan(pauseMs + 5000);
  });
});

test('the pause that a header names with its unit', async () => {
  const { times } = await answerAfter('chat', () =>
    Response.json(
      { error: { message: 'Slow down.' } },
      { status: 429, headers: { 'retry-after': '80s' } },
    ),
  );
  expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(80_000);
});

describe.each(apis)('over %s, the run fails at once after', (api) => {
  test.each([
    { type: 'authentication_error', message: 'No such key.' },
    { code: 'model_not_found', type: 'server_error', message: 'No such model.' },
  ])('the error %j in a stream', async (value) => {
    const { run, times } = await answerAfter(api, () =>
      sse(events([{ type: 'error', error: value }])),
    );
    expect([run.last_error?.message, times.length]).toEqual([value.message, 1]);
  });

  test('an exceeded quota that only the type names', async () => {
    const body = { error: { type: 'exceeded_current_quota_error', message: 'Recharge first.' } };
    const { run, times } = await answerAfter(api, () => error(body, 429));
    expect([run.last_error, times.length]).toEqual([
      { code: 'rate_limit_exceeded', message: 'Recharge first.' },
      1,
    ]);
  });
});

test('an empty response of status 200 is requested again', async () => {
  const headers = { 'content-type': 'application/json' };
  expect((await answerAfter('chat', () => new Response('', { headers }))).texts).toEqual(['Snow.']);
});

test('a response that failed because the server is overloaded is requested again', async () => {
  const failed = { type: 'overloaded_error', message: 'Overloaded' };
  const bad = () =>
    sse(events([{ type: 'response.failed', response: { status: 'failed', error: failed } }]));
  expect((await answerAfter('responses', bad)).texts).toEqual(['Snow.']);
});
