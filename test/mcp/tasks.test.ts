import { CreateTaskResultV2Schema } from '@modelcontextprotocol/ext-tasks/core/v2';
import { describe, expect, test } from 'vitest';
import { readResultText } from '../support/mcp.ts';
import { createFakeServer, errorResponse } from '../support/fake-assistants-server.ts';
import { connectTasks, tasksExtension, transports } from '../support/task-client.ts';
import {
  callParams,
  cancelLine,
  createArgs,
  getTask,
  retrieveLine,
  run,
  serverWithRun,
  taskId,
} from '../support/task-run.ts';

const working = {
  taskId,
  status: 'working',
  statusMessage: 'The run with thread_id "thread_a" and run_id "run_a" is queued.',
  createdAt: '2026-09-21T14:13:20.000Z',
  lastUpdatedAt: '2026-09-21T14:13:20.000Z',
  ttlMs: null,
  pollIntervalMs: 500,
};

describe.each(transports)('over %s', (transport) => {
  test.each([
    ['create_run', createArgs],
    ['create_thread_and_run', { assistant_id: 'asst_a' }],
    [
      'submit_tool_outputs',
      {
        thread_id: 'thread_a',
        run_id: 'run_a',
        tool_outputs: [{ tool_call_id: 'call_a', output: '' }],
      },
    ],
  ])('%s is answered with a task at once', async (name, args) => {
    const server = serverWithRun(run('in_progress'));
    const client = await connectTasks(transport, server);
    const { result } = await client.request('tools/call', { name, arguments: args });
    CreateTaskResultV2Schema.parse(result);
    expect(result).toMatchObject({ resultType: 'task', ...working });
    expect(result).not.toHaveProperty('structuredContent');
    expect(server.requestLines).toHaveLength(1);
  });

  test('a task is working until its run ends, and has the result of the call then', async () => {
    const server = serverWithRun(
      run('queued'),
      run('in_progress'),
      run('cancelling'),
      run('completed'),
    );
    const client = await connectTasks(transport, server);
    await client.request('tools/call', callParams());
    for (const status of ['queued', 'in_progress', 'cancelling']) {
      const task = await getTask(client);
      expect(task).toMatchObject({ resultType: 'complete', taskId, status: 'working' });
      expect(task.statusMessage).toContain(status);
      expect(task).not.toHaveProperty('result');
    }
    const { status, result } = await getTask(client);
    expect(status).toBe('completed');
    const object = { status: 'completed', reply: 'It snows.', id: 'run_a', thread_id: 'thread_a' };
    expect(result).toMatchObject({ resultType: 'complete', structuredContent: object });
    expect(result.structuredContent).toEqual(object);
    const { boundary, data } = readResultText(result.content[0].text);
    expect(boundary).not.toBeNull();
    expect(data).toEqual(object);
  });

  test('tasks/cancel cancels the run and is acknowledged without content', async () => {
    const server = createFakeServer({
      [cancelLine]: run('cancelling'),
      [retrieveLine]: [run('cancelling'), run('cancelled', { cancelled_at: 1_790_000_009 })],
    });
    const client = await connectTasks(transport, server);
    const { result } = await client.request('tasks/cancel', { taskId });
    expect(Object.keys(result).filter((key) => key !== '_meta')).toEqual(['resultType']);
    expect(server.requestLines).toEqual([cancelLine]);
    expect(await getTask(client)).toMatchObject({ status: 'working' });
    const cancelled = await getTask(client);
    expect(cancelled).toMatchObject({
      status: 'cancelled',
      lastUpdatedAt: '2026-09-21T14:13:29.000Z',
    });
    expect(cancelled).not.toHaveProperty('result');
  });

  test.each(['tasks/get', 'tasks/cancel', 'tasks/update'])(
    '%s names an unknown task in an error about invalid parameters',
    async (method) => {
      const message = "No run found with id 'run_x'.";
      const notFound = errorResponse(404, message);
      const server = createFakeServer({
        'GET /threads/thread_a/runs/run_x': notFound,
        'POST /threads/thread_a/runs/run_x/cancel': notFound,
      });
      const client = await connectTasks(transport, server);
      const unknown = await client.request(method, { taskId: 'thread_a/run_x/mx1bxhiw' });
      expect(unknown.error).toMatchObject({ code: -32602 });
      expect(unknown.error?.message).toContain(message);
      const sent = server.requestLines.length;
      for (const foreign of [
        '786512e2-9e0d-44bd-8f29-789f320fe840',
        '',
        '../run_a/mx1bxhiw',
        7,
        null,
      ]) {
        const { error } = await client.request(method, { taskId: foreign });
        const id = JSON.stringify(typeof foreign === 'string' ? foreign : null);
        expect(error).toEqual({ code: -32602, message: `No task has the id ${id}.` });
      }
      expect((await client.request(method)).error?.message).toBe('No task has the id null.');
      expect(server.requestLines).toHaveLength(sent);
    },
  );

  test('a request that does not declare the extension is answered as without it', async () => {
    const server = serverWithRun(run('completed'));
    const client = await connectTasks(transport, server);
    for (const capabilities of [{}, { extensions: {} }, { tasks: {} }]) {
      const params = { ...callParams(), task: { ttl: 60_000 } };
      const { result } = await client.request('tools/call', params, capabilities);
      expect(result).toMatchObject({
        resultType: 'complete',
        structuredContent: { reply: 'It snows.' },
      });
      for (const method of ['tasks/get', 'tasks/cancel', 'tasks/update']) {
        expect((await client.request(method, { taskId }, capabilities)).error).toEqual({
          code: -32021,
          message: `The request does not declare the client capability ${tasksExtension}.`,
          data: { requiredCapabilities: { extensions: { [tasksExtension]: {} } } },
        });
      }
    }
    expect(server.requestLines).not.toContain(cancelLine);
  });

  test('tasks/result and tasks/list, which the extension removed, do not exist', async () => {
    const client = await connectTasks(transport, serverWithRun());
    for (const method of ['tasks/result', 'tasks/list']) {
      expect((await client.request(method, { taskId })).error).toMatchObject({ code: -32601 });
    }
  });

  test('the extension is declared to clients of 2026-07-28 only', async () => {
    const client = await connectTasks(transport, serverWithRun());
    const { result } = await client.request('server/discover');
    expect(result.capabilities.extensions).toHaveProperty([tasksExtension], {});
  });

  test('an unknown tool is the same error as without tasks', async () => {
    const client = await connectTasks(transport, serverWithRun());
    const { error } = await client.request('tools/call', { name: 'create_everything' });
    expect(error).toEqual({ code: -32602, message: 'Tool create_everything not found' });
    for (const name of [{ toString: null }, ['get_run'], 7, null]) {
      const answer = await client.request('tools/call', { name });
      expect(answer.error).toMatchObject({ code: -32602 });
    }
  });

  test('in protocol 2025 nothing changes', async () => {
    const client = await connectTasks(transport, serverWithRun(run('completed')));
    const { result } = await client.send('initialize', {
      protocolVersion: '2025-11-25',
      capabilities: { extensions: { [tasksExtension]: {} }, tasks: { list: {}, cancel: {} } },
      clientInfo: { name: 'test', version: '1' },
    });
    const { logging: _, ...capabilities } = result.capabilities;
    expect(capabilities).toEqual({
      tools: { listChanged: true },
      resources: {},
      prompts: {},
      completions: {},
      extensions: {
        'io.modelcontextprotocol/skills': {},
        'io.modelcontextprotocol/ui': { mimeTypes: ['text/html;profile=mcp-app'] },
      },
    });
    const called = await client.send('tools/call', {
      ...callParams(),
      task: { ttl: 9 },
    });
    expect(called.result).toMatchObject({ structuredContent: { reply: 'It snows.' } });
    expect(called.result).not.toHaveProperty('resultType');
    for (const method of ['tasks/get', 'tasks/cancel', 'tasks/update', 'tasks/result']) {
      const { error } = await client.send(method, { taskId });
      expect(error).toMatchObject({ code: -32601, message: 'Method not found' });
    }
  });
});
