import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { eventLoopTurn } from '../../support/clock.ts';
import { setup } from '../../support/engine.ts';
import {
  callIds,
  createAssistant,
  createRun,
  createThread,
  readMessages,
  readRun,
  textOf,
  weatherTool,
} from '../../support/conversation.ts';
import { functionCall, textMessage } from '../../support/upstream-items.ts';

describe('a poll with the header Prefer', () => {
  test.each(['return=minimal', 'RETURN=minimal, wait=1', 'wait=1, return="minimal"; foo'])(
    '%s gets what can change, and the rest is as before',
    async (prefer) => {
      const harness = await setup();
      harness.upstream.respondWith({ output: [textMessage('Snow.')] });
      const { run } = await createRun(harness, { tools: [weatherTool] });
      await harness.runToEnd();
      const path = `/threads/${run.thread_id}/runs/${run.id}`;
      const { body, headers } = await harness.request('GET', path, undefined, { prefer });
      expect(headers.get('preference-applied')).toBe('return=minimal');
      expect(headers.get('openai-poll-after-ms')).toBe('1000');
      const unchanged = ['assistant_id', 'model', 'instructions', 'tools', 'response_format'];
      for (const name of unchanged) expect(body).not.toHaveProperty(name);
      expect({ ...run, ...body }).toEqual(await readRun(harness, run));
    },
  );

  test.each(['return=representation', 'return', 'return=representation, return=minimal'])(
    '%s gets all of the run',
    async (prefer) => {
      const harness = await setup();
      const { run } = await createRun(harness);
      const path = `/threads/${run.thread_id}/runs/${run.id}`;
      const { body, headers } = await harness.request('GET', path, undefined, { prefer });
      expect(headers.has('preference-applied')).toBe(false);
      expect(body).toEqual(run);
    },
  );

  test('return=minimal gets the same error for a run that does not exist', async () => {
    const harness = await setup();
    const { id } = await createThread(harness);
    const path = `/threads/${id}/runs/run_none`;
    const minimal = await harness.request('GET', path, undefined, { prefer: 'return=minimal' });
    const full = await harness.request('GET', path);
    expect([minimal.status, minimal.body]).toEqual([404, full.body]);
  });
});

/** Advances the platform's timers, which the SDK polls by, until its polling ends. */
async function advanceWhilePolling<T>(polling: Promise<T>): Promise<T> {
  const ended = new AbortController();
  void polling.finally(() => ended.abort());
  for (let round = 0; round < 200; round += 1) {
    if (ended.signal.aborted) break;
    await vi.advanceTimersByTimeAsync(100);
    await eventLoopTurn();
  }
  return polling;
}

test('createAndPoll and submitToolOutputsAndPoll of the SDK return the finished run', async () => {
  const harness = await setup();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  harness.upstream.respondWith(
    { output: [functionCall('get_weather', { city: 'Oslo' })] },
    { output: [textMessage('Snow.')] },
  );
  harness.engine.start();
  const { id: assistant_id } = await createAssistant(harness);
  const { id: thread_id } = await createThread(harness);
  const { runs } = harness.openai.beta.threads;
  const waiting = await advanceWhilePolling(runs.createAndPoll(thread_id, { assistant_id }));
  expect(waiting.status).toBe('requires_action');
  const tool_outputs = callIds(waiting).map((tool_call_id) => ({ tool_call_id, output: 'snow' }));
  const params = { thread_id, tool_outputs };
  const ended = await advanceWhilePolling(runs.submitToolOutputsAndPoll(waiting.id, params));
  expect(ended.status).toBe('completed');
  expect((await readMessages(harness, thread_id)).map(textOf)).toEqual([
    'Weather in Oslo?',
    'Snow.',
  ]);
});
