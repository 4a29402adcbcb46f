import { describe, expect, test } from 'vitest';
import { connectTools } from '../support/mcp.ts';
import { createFakeServer } from '../support/fake-assistants-server.ts';

const run = (status: string) => ({ id: 'run_a', thread_id: 'thread_a', status });
const create = { thread_id: 'thread_a', assistant_id: 'asst_a' };

const createLine = 'POST /threads/thread_a/runs';
const retrieveLine = 'GET /threads/thread_a/runs/run_a';
const stepsLine = 'GET /threads/thread_a/runs/run_a/steps';
const messagesLine = 'GET /threads/thread_a/messages';

describe('progress of a waiting tool', () => {
  const messageStep = {
    id: 'step_b',
    step_details: { type: 'message_creation', message_creation: { message_id: 'msg_a' } },
  };
  const callStep = {
    id: 'step_a',
    step_details: {
      type: 'tool_calls',
      tool_calls: [
        { type: 'function', function: { name: 'get_weather' } },
        { type: 'file_search' },
      ],
    },
  };

  test.each(['2025', '2026'] as const)(
    'reports each status and each step once to the %s client',
    async (generation) => {
      const server = createFakeServer({
        [createLine]: run('queued'),
        [retrieveLine]: [run('queued'), run('in_progress'), run('in_progress'), run('completed')],
        [stepsLine]: [{ data: [callStep] }, { data: [messageStep, callStep] }],
        [messagesLine]: { data: [] },
      });
      const host = await connectTools({ openai: server.openai, generation });
      const notifications: [number, string | undefined][] = [];
      await host.call('create_run', create, {
        onprogress: ({ progress, message }) => notifications.push([progress, message]),
      });
      expect(notifications).toEqual([
        [1, 'run_a is queued'],
        [2, 'run_a is in_progress'],
        [3, 'step_a calls get_weather, file_search'],
        [4, 'step_b writes a message'],
      ]);
    },
  );

  test('reports why the model is called again, once for each cause', async () => {
    const retrying = (message: string) => ({
      ...run('in_progress'),
      retried_error: { code: 'server_error', message },
    });
    const server = createFakeServer({
      [createLine]: run('queued'),
      [retrieveLine]: [
        retrying('Connection refused.'),
        retrying('Connection refused.'),
        retrying('Loading.'),
        run('in_progress'),
        retrying('Loading.'),
        run('completed'),
      ],
      [stepsLine]: { data: [] },
      [messagesLine]: { data: [] },
    });
    const host = await connectTools({ openai: server.openai });
    const messages: (string | undefined)[] = [];
    await host.call('create_run', create, { onprogress: ({ message }) => messages.push(message) });
    expect(messages).toEqual([
      'run_a is queued',
      'run_a is in_progress',
      'run_a calls the model again: Connection refused.',
      'run_a calls the model again: Loading.',
      'run_a calls the model again: Loading.',
    ]);
  });

  test.each([
    ['the run has ended', run('requires_action'), {}],
    ['the call does not wait', run('in_progress'), { wait_seconds: 0 }],
  ])('is not reported just before the answer: %s', async (_, created, args) => {
    const server = createFakeServer({ [createLine]: created });
    const host = await connectTools({ openai: server.openai });
    const messages: unknown[] = [];
    const onprogress = ({ message }: { message?: string | undefined }) => messages.push(message);
    await host.call('create_run', { ...create, ...args }, { onprogress });
    expect(messages).toEqual([]);
  });

  test('requests no steps when the client did not ask for progress', async () => {
    const server = createFakeServer({
      [createLine]: run('queued'),
      [retrieveLine]: [run('in_progress'), run('failed')],
    });
    const host = await connectTools({ openai: server.openai });
    await host.call('create_run', create);
    expect(server.requestLines.filter((line) => line.startsWith(stepsLine))).toEqual([]);
  });

  test('reports only statuses when the steps cannot be read', async () => {
    const server = createFakeServer({
      [createLine]: run('in_progress'),
      [retrieveLine]: run('failed'),
    });
    const host = await connectTools({ openai: server.openai });
    const messages: (string | undefined)[] = [];
    const onprogress = ({ message }: { message?: string | undefined }) => messages.push(message);
    await host.call('create_run', create, { onprogress });
    expect(messages).toEqual(['run_a is in_progress']);
  });
});
