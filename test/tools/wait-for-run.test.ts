import { describe, expect, test } from 'vitest';
import { connectTools, createWaitingClock } from '../support/mcp.ts';
import { errorResponse, createFakeServer } from '../support/fake-assistants-server.ts';

const place = { id: 'run_a', object: 'thread.run', thread_id: 'thread_a' };
const run = (status: string, more: object = {}) => ({ ...place, status, ...more });
const ids = { thread_id: 'thread_a', run_id: 'run_a' };
const create = { thread_id: 'thread_a', assistant_id: 'asst_a' };

const created = 'POST /threads/thread_a/runs';
const looked = 'GET /threads/thread_a/runs/run_a';
const steps = 'GET /threads/thread_a/runs/run_a/steps';
const messages = 'GET /threads/thread_a/messages';

const reply = (...texts: string[]) => ({
  object: 'list',
  data: texts.map((value) => ({
    run_id: 'run_a',
    role: 'assistant',
    content: [{ type: 'text', text: { value, annotations: [] } }],
  })),
});

const wished = (status: string, wish: string) => () =>
  Response.json(run(status), { headers: { 'openai-poll-after-ms': wish } });

const calls = (...names: string[]) => ({
  type: 'submit_tool_outputs',
  submit_tool_outputs: {
    tool_calls: names.map((name) => ({
      id: `call_${name}`,
      type: 'function',
      function: { name, arguments: '{}' },
    })),
  },
});

const waitOn =
  'Call get_run with thread_id "thread_a" and run_id "run_a" and wait_seconds 30 to keep waiting.';

describe('waiting', () => {
  test('ends with the run and adds the text of its messages', async () => {
    const server = createFakeServer({
      [created]: run('queued'),
      [looked]: [run('queued'), run('in_progress'), run('completed')],
      [messages]: reply('It snows.', 'Take a coat.'),
    });
    const clock = createWaitingClock();
    const host = await connectTools({ openai: server.openai, clock });
    const { object } = await host.call('create_run', create);
    expect(object).toEqual({ ...run('completed'), reply: 'It snows.\n\nTake a coat.' });
    expect(clock.sleeps).toEqual([250, 500, 1000]);
    expect(server.requestLines.at(-1)).toBe(`${messages}?run_id=run_a&order=asc&limit=100`);
  });

  test('looks once a second in the end, and no longer than it may', async () => {
    const server = createFakeServer({ [created]: run('queued'), [looked]: run('in_progress') });
    const clock = createWaitingClock();
    const host = await connectTools({ openai: server.openai, clock });
    const { object } = await host.call('create_run', { ...create, wait_seconds: 5 });
    expect(object).toEqual({ ...run('in_progress'), next: waitOn });
    expect(Math.max(...clock.sleeps)).toBe(1000);
    expect(clock.sleeps.reduce((sum, ms) => sum + ms, 0)).toBe(5000);
  });

  test('takes 30 seconds where none are given', async () => {
    const server = createFakeServer({ [created]: run('queued'), [looked]: run('queued') });
    const clock = createWaitingClock();
    const host = await connectTools({ openai: server.openai, clock });
    await host.call('create_run', create);
    expect(clock.sleeps.reduce((sum, ms) => sum + ms, 0)).toBe(30_000);
  });

  test('looks again when the server wishes, within reason', async () => {
    const server = createFakeServer({
      [created]: run('queued'),
      [looked]: [
        wished('queued', '40'),
        wished('queued', '0'),
        wished('queued', '86400000'),
        wished('queued', 'soon'),
        run('failed'),
      ],
    });
    const clock = createWaitingClock();
    const host = await connectTools({ openai: server.openai, clock });
    await host.call('create_run', { ...create, wait_seconds: 45 });
    expect(clock.sleeps).toEqual([250, 40, 20, 5000, 1000]);
  });

  test('with zero seconds answers what there is', async () => {
    const server = createFakeServer({ [created]: run('queued') });
    const host = await connectTools({ openai: server.openai });
    const { object } = await host.call('create_run', { ...create, wait_seconds: 0 });
    expect(object).toEqual({ ...run('queued'), next: waitOn });
    expect(server.requestLines).toEqual([created]);
  });

  test('get_run does not wait unless asked to', async () => {
    const server = createFakeServer({
      [looked]: [run('in_progress'), run('in_progress'), run('failed')],
    });
    const clock = createWaitingClock();
    const host = await connectTools({ openai: server.openai, clock });
    expect((await host.call('get_run', ids)).object.status).toBe('in_progress');
    expect(clock.sleeps).toEqual([]);
    expect((await host.call('get_run', { ...ids, wait_seconds: 5 })).object).toEqual(run('failed'));
  });

  test('ends when outputs are due and says which', async () => {
    const due = run('requires_action', { required_action: calls('get_weather', 'get_time') });
    const server = createFakeServer({ [created]: run('queued'), [looked]: due });
    const host = await connectTools({ openai: server.openai });
    const { object } = await host.call('create_run', create);
    expect(object.next).toBe(
      'Call submit_tool_outputs with thread_id "thread_a" and run_id "run_a" and outputs for call_get_weather (get_weather), call_get_time (get_time).',
    );
  });

  test('names no tool that is not offered', async () => {
    const due = run('requires_action', { required_action: calls('get_weather') });
    const server = createFakeServer({ [looked]: [due, run('queued')] });
    const { allTools } = await import('../../src/tools/registry.ts');
    const tools = allTools.filter(({ name }) => name === 'get_run');
    const host = await connectTools({ openai: server.openai, tools });
    expect((await host.call('get_run', ids)).object).toEqual(due);
    expect((await host.call('get_run', ids)).object.next).toBe(waitOn);
  });

  test.each(['failed', 'cancelled', 'expired', 'incomplete'])(
    'adds nothing to a run that is %s',
    async (status) => {
      const server = createFakeServer({ [looked]: run(status) });
      const host = await connectTools({ openai: server.openai });
      expect((await host.call('get_run', ids)).object).toEqual(run(status));
      expect(server.requestLines).toEqual([looked]);
    },
  );
});

describe('trouble after the run was created', () => {
  test('answers the run as last seen', async () => {
    const server = createFakeServer({
      [created]: run('queued'),
      [looked]: [run('in_progress'), errorResponse(500, 'The server had an error.')],
    });
    const host = await connectTools({ openai: server.openai });
    const { failed, object } = await host.call('create_run', create);
    expect({ failed, object }).toEqual({
      failed: false,
      object: { ...run('in_progress'), next: waitOn },
    });
  });

  test('says where to read a reply that could not be read', async () => {
    const server = createFakeServer({
      [created]: run('completed'),
      [messages]: errorResponse(500, 'The server had an error.'),
    });
    const host = await connectTools({ openai: server.openai });
    const { object } = await host.call('create_run', create);
    expect(object.next).toBe(
      'Call list_messages with thread_id "thread_a" and run_id "run_a" to read the reply.',
    );
  });

  test('takes no other run’s messages for the reply', async () => {
    const other = { run_id: 'run_b', content: [{ type: 'text', text: { value: 'Older.' } }] };
    const server = createFakeServer({
      [looked]: run('completed'),
      [messages]: { data: [other, ...reply('Mine.').data] },
    });
    const host = await connectTools({ openai: server.openai });
    expect((await host.call('get_run', ids)).object.reply).toBe('Mine.');
  });
});

test.each(['old', 'new'] as const)(
  'a %s client that goes away ends the waiting, not the run',
  async (generation) => {
    const controller = new AbortController();
    const slept = Promise.withResolvers<AbortSignal | undefined>();
    const server = createFakeServer({ [created]: run('queued'), [looked]: run('in_progress') });
    const clock = {
      now: () => 0,
      sleep: (_: number, signal?: AbortSignal) => {
        slept.resolve(signal);
        return new Promise<void>((resolve) => {
          signal?.addEventListener('abort', () => resolve());
        });
      },
    };
    const host = await connectTools({ openai: server.openai, clock, generation });
    const call = host.call('create_run', create, { signal: controller.signal });
    const signal = await slept.promise;
    const aborted = new Promise((resolve) => signal?.addEventListener('abort', resolve));
    controller.abort();
    await expect(call).rejects.toThrow(/abort/iu);
    await aborted;
    expect(server.requestLines).toEqual([created]);
  },
);

describe('a server that leaves out what the API promises', () => {
  test('does not lose the run: no thread id', async () => {
    const bare = { id: 'run_a', status: 'queued' };
    const server = createFakeServer({ [created]: bare });
    const host = await connectTools({ openai: server.openai });
    const { failed, object } = await host.call('create_run', create, { onprogress: () => {} });
    expect({ failed, object }).toMatchObject({ failed: false, object: bare });
  });

  test.each([{}, { submit_tool_outputs: {} }, { submit_tool_outputs: { tool_calls: [] } }])(
    'does not lose the run: required_action %j',
    async (required_action) => {
      const due = run('requires_action', { required_action });
      const server = createFakeServer({ [created]: due });
      const host = await connectTools({ openai: server.openai });
      expect((await host.call('create_run', create)).object).toEqual(due);
    },
  );

  test('does not lose the run: steps and messages of another kind', async () => {
    const server = createFakeServer({
      [created]: run('completed'),
      [steps]: { data: [{ id: 'step_a' }] },
      [messages]: { data: [{ run_id: 'run_a' }] },
    });
    const host = await connectTools({ openai: server.openai });
    const { object } = await host.call('create_run', create, { onprogress: () => {} });
    expect(object).toMatchObject(run('completed'));
  });

  test('a refusal in a message is part of the reply, a picture is not', async () => {
    const content = [
      { type: 'image_file', image_file: { file_id: 'file-a' } },
      { type: 'refusal', refusal: 'I will not.' },
    ];
    const server = createFakeServer({
      [looked]: run('completed'),
      [messages]: { data: [{ run_id: 'run_a', content }] },
    });
    const host = await connectTools({ openai: server.openai });
    expect((await host.call('get_run', ids)).object.reply).toBe('I will not.');
  });
});
