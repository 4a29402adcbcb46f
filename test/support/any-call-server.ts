import { createFakeServer } from './fake-assistants-server.ts';

const run_id = 'run_a';
const thread_id = 'thread_a';
const assistant_id = 'asst_a';

/** A server that has everything that the calls ask for. */
export const createAnyCallServer = () => {
  const run = { id: run_id, thread_id, status: 'failed' };
  const page = { object: 'list', data: [] };
  return createFakeServer({
    'POST /threads/runs': run,
    'POST /threads/thread_a/runs': run,
    'GET /threads/thread_a/runs': page,
    'GET /threads/thread_a/runs/run_a': run,
    'POST /threads/thread_a/runs/run_a': run,
    'POST /threads/thread_a/runs/run_a/submit_tool_outputs': run,
    'GET /threads/thread_a/runs/run_a/steps': page,
    'POST /threads/thread_a/messages': { id: 'msg_a', content: [] },
    'GET /threads/thread_a/messages': page,
    'POST /threads/thread_a/messages/msg_a': { id: 'msg_a' },
    'GET /threads': page,
    'POST /threads': { id: thread_id },
    'POST /threads/thread_a': { id: thread_id },
    'GET /assistants': page,
    'POST /assistants': { id: assistant_id },
    'POST /assistants/asst_a': { id: assistant_id },
    'GET /files': page,
    'GET /files/file-a': { id: 'file-a', object: 'file', bytes: 1, filename: 'a' },
  });
};
