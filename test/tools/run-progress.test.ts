import { describe, expect, test } from 'vitest';
import { connectTools } from '../support/mcp.ts';
import { createFakeServer } from '../support/fake-assistants-server.ts';

const run = (status: string) => ({ id: 'run_a', thread_id: 'thread_a', status });
const create = { thread_id: 'thread_a', assistant_id: 'asst_a' };

const created = 'POST /threads/thread_a/runs';
const looked = 'GET /threads/thread_a/runs/run_a';
const steps = 'GET /threads/thread_a/runs/run_a/steps';
const messages = 'GET /threads/thread_a/messages';

describe('progress', () => {
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

  test.each(['old', 'new'] as const)(
    'tells each status and each step once, to the %s client',
    async (generation) => {
      const server = createFakeServer({
        [created]: run('queued'),
        [looked]: [run('queued'), run('in_progress'), run('in_progress'), run('completed')],
        [steps]: [{ data: [] }, { data: [callStep] }, { data: [messageStep, callStep] }],
        [messages]: { data: [] },
      });
      const host = await connectTools({ openai: server.openai, generation });
      const told: [number, string | undefined][] = [];
      await host.call('create_run', create, {
        onprogress: ({ progress, message }) => told.push([progress, message]),
      });
      expect(told).toEqual([
        [1, 'run_a is queued'],
        [2, 'run_a is in_progress'],
        [3, 'step_a calls get_weather, file_search'],
        [4, 'step_b writes a message'],
        [5, 'run_a is completed'],
      ]);
    },
  );

  test('is not looked for when nobody asked', async () => {
    const server = createFakeServer({
      [created]: run('queued'),
      [looked]: [run('in_progress'), run('failed')],
    });
    const host = await connectTools({ openai: server.openai });
    await host.call('create_run', create);
    expect(server.requestLines.filter((asked) => asked.startsWith(steps))).toEqual([]);
  });

  test('does without the steps when they cannot be read', async () => {
    const server = createFakeServer({ [created]: run('in_progress'), [looked]: run('failed') });
    const host = await connectTools({ openai: server.openai });
    const told: (string | undefined)[] = [];
    const onprogress = ({ message }: { message?: string | undefined }) => told.push(message);
    await host.call('create_run', create, { onprogress });
    expect(told).toEqual(['run_a is in_progress', 'run_a is failed']);
  });
});
