import { GetTaskResultV2Schema } from '@modelcontextprotocol/ext-tasks/core/v2';
import { createFakeServer } from './fake-assistants-server.ts';
import type { TaskClient } from './task-client.ts';

/** A run as servers send it. */
export const run = (status: string, fields: object = {}) => ({
  id: 'run_a',
  object: 'thread.run',
  created_at: 1_790_000_000,
  thread_id: 'thread_a',
  assistant_id: 'asst_a',
  status,
  instructions: 'Be brief.',
  ...fields,
});

export const createLine = 'POST /threads/thread_a/runs';
export const retrieveLine = 'GET /threads/thread_a/runs/run_a';
export const cancelLine = 'POST /threads/thread_a/runs/run_a/cancel';
const messages = {
  object: 'list',
  data: [
    {
      run_id: 'run_a',
      role: 'assistant',
      content: [{ type: 'text', text: { value: 'It snows.', annotations: [] } }],
    },
  ],
};

export const createArgs = { thread_id: 'thread_a', assistant_id: 'asst_a' };
/** The parameters of a call that starts the run. */
export const callParams = (args: object = {}, name = 'create_run') => ({
  name,
  arguments: { ...createArgs, ...args },
});

/** Of a task that was created at the start of the test's clock. */
export const taskId = `thread_a/run_a/${(1_790_000_000_000).toString(36)}`;

/** A server on which runs are queued, and then have the given states. */
export const serverWithRun = (...states: object[]) =>
  createFakeServer({
    [createLine]: run('queued'),
    'POST /threads/runs': run('queued'),
    'POST /threads/thread_a/runs/run_a/submit_tool_outputs': run('queued'),
    [retrieveLine]: states,
    'GET /threads/thread_a/messages': messages,
  });

/** The state of a task, checked against the schema of the extension. */
export const getTask = async (client: TaskClient, id = taskId) => {
  const { result } = await client.request('tasks/get', { taskId: id });
  GetTaskResultV2Schema.parse(result);
  return result;
};
