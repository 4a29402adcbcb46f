import { describe, expect, test } from 'vitest';
import { createWaitingClock } from '../support/mcp.ts';
import { createFakeServer, errorResponse } from '../support/fake-assistants-server.ts';
import { connectTasks, tasksExtension } from '../support/task-client.ts';
import {
  callParams,
  cancelLine,
  createLine,
  getTask,
  retrieveLine,
  run,
  serverWithRun,
  taskId,
} from '../support/task-run.ts';

describe('a task', () => {
  const requiredAction = {
    type: 'submit_tool_outputs',
    submit_tool_outputs: {
      tool_calls: [
        { id: 'call_a', type: 'function', function: { name: 'get_weather', arguments: '{}' } },
      ],
    },
  };

  test.each([
    [
      'requires_action',
      { required_action: requiredAction },
      {
        next: expect.stringMatching(
          /^Call submit_tool_outputs with .* outputs for call_a \(get_weather\)\.$/u,
        ),
      },
    ],
    [
      'incomplete',
      { incomplete_details: { reason: 'max_completion_tokens' } },
      { reply: 'It snows.', next: expect.stringContaining('create_run') },
    ],
    [
      'failed',
      { last_error: { code: 'server_error', message: 'No model.' } },
      { last_error: { message: 'No model.' } },
    ],
    ['expired', {}, {}],
  ])('of a run in %s is completed, with the run', async (status, fields, expected) => {
    const client = await connectTasks('stdio', serverWithRun(run(status, fields)));
    const task = await getTask(client);
    expect(task).toMatchObject({ status: 'completed', result: { resultType: 'complete' } });
    expect(task.result.structuredContent).toMatchObject({ status, ...expected });
    expect(task.result).not.toHaveProperty('isError');
  });

  test('has the complete object if the call was verbose, and under capability names', async () => {
    const client = await connectTasks('stdio', serverWithRun(run('completed')));
    const verbose = await client.request('tools/call', callParams({ verbose: true }));
    expect(verbose.result.taskId).toBe(`${taskId}/verbose`);
    const { result } = await getTask(client, verbose.result.taskId);
    const object = { ...run('completed'), reply: 'It snows.' };
    expect(result.structuredContent).toEqual(object);

    const argv = ['--tool-names', 'capability'];
    const capability = await connectTasks('stdio', { ...serverWithRun(run('completed')), argv });
    const params = {
      name: 'openai-apis-create-run',
      arguments: { thread_id: 'thread_a', body: { assistant_id: 'asst_a' } },
    };
    const created = await capability.request('tools/call', params);
    const task = await getTask(capability, created.result.taskId);
    expect(task.result.structuredContent).toEqual(object);
  });

  test('is given only if the run has not ended after wait_seconds', async () => {
    const clock = createWaitingClock();
    const server = serverWithRun(run('in_progress'), run('completed'), run('in_progress'));
    const client = await connectTasks('stdio', { ...server, clock });
    const quick = await client.request('tools/call', callParams({ wait_seconds: 5 }));
    expect(quick.result).toMatchObject({
      resultType: 'complete',
      structuredContent: { reply: 'It snows.' },
    });
    const slow = await client.request('tools/call', callParams({ wait_seconds: 5 }));
    expect(slow.result).toMatchObject({ resultType: 'task', status: 'working' });
    expect(clock.sleeps.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThanOrEqual(5000);
  });

  test('is polled less often the older it is', async () => {
    const clock = createWaitingClock();
    const client = await connectTasks('stdio', { ...serverWithRun(run('in_progress')), clock });
    const intervals: number[] = [];
    for (const ms of [0, 4000, 16_000, 600_000]) {
      await clock.sleep(ms);
      intervals.push((await getTask(client)).pollIntervalMs);
    }
    expect(intervals).toEqual([500, 500, 2000, 5000]);
  });

  test('of a later call on the same run has another id', async () => {
    const clock = createWaitingClock();
    const client = await connectTasks('stdio', { ...serverWithRun(run('in_progress')), clock });
    const first = await client.request('tools/call', callParams());
    await clock.sleep(1);
    const second = await client.request('tools/call', callParams());
    expect(second.result.taskId).not.toBe(first.result.taskId);
    expect((await getTask(client, second.result.taskId)).createdAt).toBe(
      '2026-09-21T14:13:20.001Z',
    );
  });

  test('is not given for a call that fails, nor for get_run', async () => {
    const locked = 'Thread thread_a already has an active run run_b.';
    const server = createFakeServer({
      [createLine]: errorResponse(400, locked),
      [retrieveLine]: run('in_progress'),
    });
    const client = await connectTasks('stdio', server);
    const { result } = await client.request('tools/call', callParams());
    expect(result).toMatchObject({ resultType: 'complete', isError: true });
    expect(result.content[0].text).toContain(locked);
    const read = { name: 'get_run', arguments: { thread_id: 'thread_a', run_id: 'run_a' } };
    expect((await client.request('tools/call', read)).result).toMatchObject({
      resultType: 'complete',
      structuredContent: { status: 'in_progress' },
    });
  });

  test('that has ended is acknowledged when it is cancelled', async () => {
    const server = createFakeServer({
      [cancelLine]: [
        errorResponse(400, "Cannot cancel run with status 'completed'."),
        errorResponse(400, 'the run is done'),
        errorResponse(400, 'not now'),
        errorResponse(500, 'broken'),
      ],
      [retrieveLine]: [run('completed'), run('cancelling'), run('in_progress')],
    });
    const client = await connectTasks('stdio', server);
    for (const _ of [1, 2]) {
      const { result } = await client.request('tasks/cancel', { taskId });
      expect(result).toMatchObject({ resultType: 'complete' });
    }
    const refused = await client.request('tasks/cancel', { taskId });
    expect(refused.error).toMatchObject({ code: -32602, message: 'not now' });
    const broken = await client.request('tasks/cancel', { taskId });
    expect(broken.error).toMatchObject({ code: -32603 });
  });

  test('with an id that is too long to be repeated is an error that says so', async () => {
    const client = await connectTasks('stdio', serverWithRun());
    const { error } = await client.request('tasks/get', { taskId: 't'.repeat(1025) });
    expect(error?.message).toContain('The field params.taskId is longer than 1024 characters.');
  });

  test('takes updates of a client and ignores what they say', async () => {
    const client = await connectTasks('stdio', serverWithRun(run('in_progress')));
    for (const inputResponses of [{}, { name: { action: 'accept', content: {} } }, undefined]) {
      const { result } = await client.request('tasks/update', { taskId, inputResponses });
      expect(result).toMatchObject({ resultType: 'complete' });
    }
  });
});

describe('tools that are not listed', () => {
  test.each([
    ['--read-only'],
    ['--exclude-tools', 'get_run'],
    ['--tools', 'get_run,list_messages'],
  ])('%s %s: without get_run or a call that starts runs there are no tasks', async (...argv) => {
    const client = await connectTasks('stdio', { ...serverWithRun(run('completed')), argv });
    const { result } = await client.request('server/discover');
    expect(result.capabilities.extensions ?? {}).not.toHaveProperty([tasksExtension]);
    const { error } = await client.request('tasks/get', { taskId });
    expect(error).toMatchObject({ code: -32601 });
  });

  test('without cancel_run a task cannot be cancelled', async () => {
    const server = serverWithRun(run('in_progress'));
    const client = await connectTasks('stdio', {
      ...server,
      argv: ['--exclude-tools', 'cancel_run'],
    });
    const { error } = await client.request('tasks/cancel', { taskId });
    const message = 'The task goes on: this server does not offer to cancel runs.';
    expect(error).toEqual({ code: -32600, message });
    expect(server.requestLines).toEqual([]);
  });
});
