import { expect, onTestFinished, test, vi } from 'vitest';
import { eventLoopTurn } from '../../support/clock.ts';
import { setup } from '../../support/engine.ts';
import {
  callIds,
  createAssistant,
  createThread,
  readMessages,
  textOf,
} from '../../support/conversation.ts';
import { functionCall, textMessage } from '../../support/upstream-items.ts';

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
