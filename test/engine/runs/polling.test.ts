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

/** Waits for the SDK's polling, whose pauses go by the timers of the platform, made to pass here. */
async function polled<T>(work: Promise<T>): Promise<T> {
  const ended = new AbortController();
  void work.finally(() => ended.abort());
  for (let round = 0; round < 200; round += 1) {
    if (ended.signal.aborted) break;
    await vi.advanceTimersByTimeAsync(100);
    await eventLoopTurn();
  }
  return work;
}

test('the helpers of the SDK that poll come to the end of a run', async () => {
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
  const waiting = await polled(runs.createAndPoll(thread_id, { assistant_id }));
  expect(waiting.status).toBe('requires_action');
  const tool_outputs = callIds(waiting).map((tool_call_id) => ({ tool_call_id, output: 'snow' }));
  const params = { thread_id, tool_outputs };
  const ended = await polled(runs.submitToolOutputsAndPoll(waiting.id, params));
  expect(ended.status).toBe('completed');
  expect((await readMessages(harness, thread_id)).map(textOf)).toEqual([
    'Weather in Oslo?',
    'Snow.',
  ]);
});
