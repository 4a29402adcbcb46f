import { describe, expect, test } from 'vitest';
import { connectTools, createWaitingClock } from '../support/mcp.ts';
import { errorResponse, createFakeServer } from '../support/fake-assistants-server.ts';

const run = (status: string, fields: object = {}) => ({
  id: 'run_a',
  object: 'thread.run',
  thread_id: 'thread_a',
  status,
  ...fields,
});
const ids = { thread_id: 'thread_a', run_id: 'run_a' };
const createArgs = { thread_id: 'thread_a', assistant_id: 'asst_a' };

const createLine = 'POST /threads/thread_a/runs';
const retrieveLine = 'GET /threads/thread_a/runs/run_a';
const stepsLine = 'GET /threads/thread_a/runs/run_a/steps';
const messagesLine = 'GET /threads/thread_a/messages';

const messageList = (...texts: string[]) => ({
  object: 'list',
  data: texts.map((value) => ({
    run_id: 'run_a',
    role: 'assistant',
    content: [{ type: 'text', text: { value, annotations: [] } }],
  })),
});

const withPollAfter = (status: string, pollAfterMs: string) => () =>
  Response.json(run(status), { headers: { 'openai-poll-after-ms': pollAfterMs } });

const requiredAction = (...names: string[]) => ({
  type: 'submit_tool_outputs',
  submit_tool_outputs: {
    tool_calls: names.map((name) => ({
      id: `call_${name}`,
      type: 'function',
      function: { name, arguments: '{}' },
    })),
  },
});

const keepWaiting =
  'Call get_run with thread_id "thread_a" and run_id "run_a" and wait_seconds 30 to keep waiting.';

describe('waiting for a run', () => {
  test('ends when the run completes and adds the text of its messages as `reply`', async () => {
    const server = createFakeServer({
      [createLine]: run('queued'),
      [retrieveLine]: [run('queued'), run('in_progress'), run('completed')],
      [messagesLine]: messageList('It snows.', 'Take a coat.'),
    });
    const clock = createWaitingClock();
    const host = await connectTools({ isVerbose: true, openai: server.openai, clock });
    const { object } = await host.call('create_run', createArgs);
    expect(object).toEqual({ ...run('completed'), reply: 'It snows.\n\nTake a coat.' });
    expect(clock.sleeps).toEqual([250, 500, 1000]);
    expect(server.requestLines.at(-1)).toBe(`${messagesLine}?run_id=run_a&order=asc&limit=100`);
  });

  test('polls at most once a second and stops after wait_seconds', async () => {
    const server = createFakeServer({
      [createLine]: run('queued'),
      [retrieveLine]: run('in_progress'),
    });
    const clock = createWaitingClock();
    const host = await connectTools({ isVerbose: true, openai: server.openai, clock });
    const { object } = await host.call('create_run', { ...createArgs, wait_seconds: 5 });
    expect(object).toEqual({ ...run('in_progress'), next: keepWaiting });
    expect(Math.max(...clock.sleeps)).toBe(1000);
    expect(clock.sleeps.reduce((sum, ms) => sum + ms, 0)).toBe(5000);
  });

  test('waits 30 seconds by default', async () => {
    const server = createFakeServer({ [createLine]: run('queued'), [retrieveLine]: run('queued') });
    const clock = createWaitingClock();
    const host = await connectTools({ isVerbose: true, openai: server.openai, clock });
    await host.call('create_run', createArgs);
    expect(clock.sleeps.reduce((sum, ms) => sum + ms, 0)).toBe(30_000);
  });

  test('follows the poll delay of the server between 20 ms and 5 s', async () => {
    const server = createFakeServer({
      [createLine]: run('queued'),
      [retrieveLine]: [
        withPollAfter('queued', '40'),
        withPollAfter('queued', '0'),
        withPollAfter('queued', '86400000'),
        withPollAfter('queued', 'soon'),
        run('failed'),
      ],
    });
    const clock = createWaitingClock();
    const host = await connectTools({ isVerbose: true, openai: server.openai, clock });
    await host.call('create_run', { ...createArgs, wait_seconds: 45 });
    expect(clock.sleeps).toEqual([250, 40, 20, 5000, 1000]);
  });

  test('returns the created run without polling for wait_seconds 0', async () => {
    const server = createFakeServer({ [createLine]: run('queued') });
    const host = await connectTools({ isVerbose: true, openai: server.openai });
    const { object } = await host.call('create_run', { ...createArgs, wait_seconds: 0 });
    expect(object).toEqual({ ...run('queued'), next: keepWaiting });
    expect(server.requestLines).toEqual([createLine]);
  });

  test('get_run waits only with wait_seconds', async () => {
    const server = createFakeServer({
      [retrieveLine]: [run('in_progress'), run('in_progress'), run('failed')],
    });
    const clock = createWaitingClock();
    const host = await connectTools({ isVerbose: true, openai: server.openai, clock });
    expect((await host.call('get_run', ids)).object.status).toBe('in_progress');
    expect(clock.sleeps).toEqual([]);
    expect((await host.call('get_run', { ...ids, wait_seconds: 5 })).object).toEqual(run('failed'));
  });

  test('ends when the run requires tool outputs and lists them in `next`', async () => {
    const waiting = run('requires_action', {
      required_action: requiredAction('get_weather', 'get_time'),
    });
    const server = createFakeServer({ [createLine]: run('queued'), [retrieveLine]: waiting });
    const host = await connectTools({ isVerbose: true, openai: server.openai });
    const { object } = await host.call('create_run', createArgs);
    expect(object.next).toBe(
      'Call submit_tool_outputs with thread_id "thread_a" and run_id "run_a" and outputs for call_get_weather (get_weather), call_get_time (get_time).',
    );
  });

  test('returns a `next` that names only listed tools', async () => {
    const waiting = run('requires_action', { required_action: requiredAction('get_weather') });
    const server = createFakeServer({ [retrieveLine]: [waiting, run('queued')] });
    const { allTools } = await import('../../src/tools/registry.ts');
    const tools = allTools.filter(({ name }) => name === 'get_run');
    const host = await connectTools({ isVerbose: true, openai: server.openai, tools });
    expect((await host.call('get_run', ids)).object).toEqual(waiting);
    expect((await host.call('get_run', ids)).object.next).toBe(keepWaiting);
  });

  test.each([
    ['max_completion_tokens', 'a larger max_completion_tokens to continue.'],
    ['max_prompt_tokens', 'a larger max_prompt_tokens to continue.'],
    ['content_filter', 'another user message in additional_messages to go on.'],
  ])(
    'adds the text and a `next` to a run that is incomplete because of %s',
    async (reason, step) => {
      const server = createFakeServer({
        [retrieveLine]: run('incomplete', { incomplete_details: { reason } }),
        [messagesLine]: messageList('The first half'),
      });
      const host = await connectTools({ openai: server.openai });
      expect((await host.call('get_run', ids)).object).toMatchObject({
        status: 'incomplete',
        reply: 'The first half',
        next: `Call create_run with thread_id "thread_a" and ${step}`,
      });
    },
  );

  test('adds a `next` to an incomplete run without a text', async () => {
    const server = createFakeServer({
      [retrieveLine]: run('incomplete', { incomplete_details: { reason: 'max_prompt_tokens' } }),
      [messagesLine]: { data: [] },
    });
    const host = await connectTools({ openai: server.openai });
    const { object } = await host.call('get_run', ids);
    expect(object).not.toHaveProperty('reply');
    expect(object.next).toContain('a larger max_prompt_tokens');
  });

  test.each(['failed', 'cancelled', 'expired'])(
    'adds neither `reply` nor `next` to a run that is %s',
    async (status) => {
      const server = createFakeServer({ [retrieveLine]: run(status) });
      const host = await connectTools({ isVerbose: true, openai: server.openai });
      expect((await host.call('get_run', ids)).object).toEqual(run(status));
      expect(server.requestLines).toEqual([retrieveLine]);
    },
  );
});

describe('the reply of a run', () => {
  test('excludes messages of other runs from the reply', async () => {
    const other = { run_id: 'run_b', content: [{ type: 'text', text: { value: 'Older.' } }] };
    const server = createFakeServer({
      [retrieveLine]: run('completed'),
      [messagesLine]: { data: [other, ...messageList('Mine.').data] },
    });
    const host = await connectTools({ isVerbose: true, openai: server.openai });
    expect((await host.call('get_run', ids)).object.reply).toBe('Mine.');
  });

  test('includes refusals and excludes images', async () => {
    const content = [
      { type: 'image_file', image_file: { file_id: 'file-a' } },
      { type: 'refusal', refusal: 'I will not.' },
    ];
    const server = createFakeServer({
      [retrieveLine]: run('completed'),
      [messagesLine]: { data: [{ run_id: 'run_a', content }] },
    });
    const host = await connectTools({ isVerbose: true, openai: server.openai });
    expect((await host.call('get_run', ids)).object.reply).toBe('I will not.');
  });
});

describe('an error after the run was created', () => {
  test('returns the latest known run', async () => {
    const server = createFakeServer({
      [createLine]: run('queued'),
      [retrieveLine]: [run('in_progress'), errorResponse(500, 'The server had an error.')],
    });
    const host = await connectTools({ isVerbose: true, openai: server.openai });
    const { failed, object } = await host.call('create_run', createArgs);
    expect({ failed, object }).toEqual({
      failed: false,
      object: { ...run('in_progress'), next: keepWaiting },
    });
  });

  test('returns `next` with the call that reads the reply', async () => {
    const server = createFakeServer({
      [createLine]: run('completed'),
      [messagesLine]: errorResponse(500, 'The server had an error.'),
    });
    const host = await connectTools({ isVerbose: true, openai: server.openai });
    const { object } = await host.call('create_run', createArgs);
    expect(object.next).toBe(
      'Call list_messages with thread_id "thread_a" and run_id "run_a" to read the reply.',
    );
  });
});

test.each(['2025', '2026'] as const)(
  'a %s client that aborts ends the waiting and does not cancel the run',
  async (generation) => {
    const controller = new AbortController();
    const sleeping = Promise.withResolvers<AbortSignal | undefined>();
    const server = createFakeServer({
      [createLine]: run('queued'),
      [retrieveLine]: run('in_progress'),
    });
    const clock = {
      now: () => 0,
      sleep: (_: number, signal?: AbortSignal) => {
        sleeping.resolve(signal);
        return new Promise<void>((resolve) => {
          signal?.addEventListener('abort', () => resolve());
        });
      },
    };
    const host = await connectTools({ isVerbose: true, openai: server.openai, clock, generation });
    const call = host.call('create_run', createArgs, { signal: controller.signal });
    const signal = await sleeping.promise;
    const aborted = new Promise((resolve) => signal?.addEventListener('abort', resolve));
    controller.abort();
    await expect(call).rejects.toThrow(/abort/iu);
    await aborted;
    expect(server.requestLines).toEqual([createLine]);
  },
);

describe('a server that omits fields of the API', () => {
  test('still returns a run without thread_id', async () => {
    const bare = { id: 'run_a', status: 'queued' };
    const server = createFakeServer({ [createLine]: bare });
    const host = await connectTools({ isVerbose: true, openai: server.openai });
    const { failed, object } = await host.call('create_run', createArgs, { onprogress: () => {} });
    expect({ failed, object }).toMatchObject({ failed: false, object: bare });
  });

  test.each([{}, { submit_tool_outputs: {} }, { submit_tool_outputs: { tool_calls: [] } }])(
    'still returns a run with required_action %j',
    async (required_action) => {
      const waiting = run('requires_action', { required_action });
      const server = createFakeServer({ [createLine]: waiting });
      const host = await connectTools({ isVerbose: true, openai: server.openai });
      expect((await host.call('create_run', createArgs)).object).toEqual(waiting);
    },
  );

  test('still returns the run when steps and messages lack fields', async () => {
    const server = createFakeServer({
      [createLine]: run('completed'),
      [stepsLine]: { data: [{ id: 'step_a' }] },
      [messagesLine]: { data: [{ run_id: 'run_a' }] },
    });
    const host = await connectTools({ isVerbose: true, openai: server.openai });
    const { object } = await host.call('create_run', createArgs, { onprogress: () => {} });
    expect(object).toMatchObject(run('completed'));
  });
});
