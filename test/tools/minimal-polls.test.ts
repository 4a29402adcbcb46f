import { expect, test } from 'vitest';
import { connectTools, createWaitingClock } from '../support/mcp.ts';
import { createFakeServer } from '../support/fake-assistants-server.ts';

const createdRun = {
  id: 'run_a',
  object: 'thread.run',
  thread_id: 'thread_a',
  status: 'queued',
  tools: [{ type: 'function', function: { name: 'get_weather' } }],
  retried_error: { message: 'Busy.' },
};
const { tools, retried_error: _ended, ...progress } = createdRun;

/** Answers what can have changed. */
const minimal = (fields: object) => () =>
  Response.json(
    { ...progress, ...fields },
    { headers: { 'preference-applied': 'return=minimal' } },
  );

/** Creates a run on a server that answers the polls with these. */
async function createRun(...polls: (() => Response)[]) {
  const server = createFakeServer({
    'POST /threads/thread_a/runs': createdRun,
    'GET /threads/thread_a/runs/run_a': polls,
  });
  const clock = createWaitingClock();
  const host = await connectTools({ isVerbose: true, openai: server.openai, clock });
  const args = { thread_id: 'thread_a', assistant_id: 'asst_a' };
  return { server, ...(await host.call('create_run', args)) };
}

test('a poll asks for what can change, and the result has all fields of the run', async () => {
  const { server, object } = await createRun(
    minimal({ status: 'in_progress' }),
    minimal({ status: 'cancelled', metadata: { a: 'b' } }),
  );
  expect(object).toEqual({ ...progress, tools, status: 'cancelled', metadata: { a: 'b' } });
  const preferences = server.requests.map(({ headers }) => headers.get('prefer'));
  expect(preferences).toEqual([null, 'return=minimal', 'return=minimal']);
});

test('a server may answer a poll with all of the run', async () => {
  const { object } = await createRun(minimal({ status: 'in_progress' }), () =>
    Response.json({ ...progress, status: 'failed', tools: [] }),
  );
  expect(object).toEqual({ ...progress, status: 'failed', tools: [] });
});
