import { describe, expect, test } from 'vitest';
import { connectTools } from '../support/mcp.ts';
import { errorResponse, createFakeServer } from '../support/fake-assistants-server.ts';

const args = { thread_id: 'thread_a', run_id: 'run_a' };
const run = (status: string) => ({ id: 'run_a', thread_id: 'thread_a', status });
const cancel = 'POST /threads/thread_a/runs/run_a/cancel';
const retrieve = 'GET /threads/thread_a/runs/run_a';

describe('cancel_run', () => {
  test('returns the cancelling run', async () => {
    const server = createFakeServer({ [cancel]: run('cancelling') });
    const host = await connectTools({ openai: server.openai });
    expect((await host.call('cancel_run', args)).object).toEqual(run('cancelling'));
    expect(server.requestLines).toEqual([cancel]);
  });

  test.each(['cancelling', 'cancelled'])('returns a run that is already %s', async (status) => {
    const server = createFakeServer({
      [cancel]: errorResponse(400, `Cannot cancel run with status '${status}'.`),
      [retrieve]: run(status),
    });
    const host = await connectTools({ openai: server.openai });
    const { failed, object } = await host.call('cancel_run', args);
    expect({ failed, object }).toEqual({ failed: false, object: run(status) });
  });

  test.each(['completed', 'failed', 'expired', 'incomplete'])(
    'fails for a run that is %s',
    async (status) => {
      const server = createFakeServer({
        [cancel]: errorResponse(400, `Cannot cancel run with status '${status}'.`),
        [retrieve]: run(status),
      });
      const host = await connectTools({ openai: server.openai });
      const { failed, text } = await host.call('cancel_run', args);
      expect({ failed, requests: server.requestLines }).toEqual({
        failed: true,
        requests: [cancel],
      });
      expect(text).toContain(`Cannot cancel run with status '${status}'.`);
    },
  );
});
