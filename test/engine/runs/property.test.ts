import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { setup, type Harness } from '../../support/engine.ts';
import {
  createAssistant,
  createThread,
  readMessages,
  readSteps,
} from '../../support/conversation.ts';
import { createGate, type Gate, type Turn } from '../../support/upstream.ts';
import { functionCall, textMessage } from '../../support/upstream-items.ts';

const turns: Turn[] = [
  { output: [textMessage('Snow.')] },
  { output: [textMessage('Let me see.'), functionCall('get_weather', { city: 'Oslo' })] },
  {
    output: [
      functionCall('get_weather', { city: 'Oslo' }),
      functionCall('get_weather', { city: 'Bergen' }),
    ],
  },
  { output: [textMessage('It is ver')], incomplete: 'max_output_tokens' },
  { failed: { code: 'invalid_prompt', message: 'It broke.' } },
  { http: { status: 400, error: { message: 'No.' } } },
  { output: [textMessage('It')], broken: { how: 'error', before: 'response.output_text.done' } },
];

const operation = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('tick' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('settle' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('run' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('message' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('submit' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete message' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('open' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      seconds: fc.constantFrom(1, 30, 300, 700),
    }),
  },
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

/** Does one operation on a thread; what the API refuses is part of the game. */
async function perform(
  harness: Harness,
  step: Operation,
  thread: string,
  assistant: string,
  gate: Gate,
) {
  const run = async () =>
    (await harness.request('GET', `/threads/${thread}/runs?limit=1`)).body.data[0];
  const post = (path: string, body?: unknown) =>
    harness.request('POST', `/threads/${thread}${path}`, body);
  switch (step.do) {
    case 'tick':
      return harness.engine.tick();
    case 'settle':
      gate.open();
      return harness.engine.idle();
    case 'open':
      return gate.open();
    case 'wait':
      return harness.clock.advance(step.seconds * 1000);
    case 'message':
      return post('/messages', { role: 'user', content: 'Hello?' });
    case 'run':
      return post('/runs', { assistant_id: assistant });
    case 'cancel':
      return post(`/runs/${(await run())?.id ?? 'run_none'}/cancel`);
    case 'submit': {
      const live = await run();
      const due = live?.required_action?.submit_tool_outputs.tool_calls ?? [];
      const tool_outputs = due.map(({ id }: { id: string }) => ({ tool_call_id: id, output: 'x' }));
      return post(`/runs/${live?.id ?? 'run_none'}/submit_tool_outputs`, { tool_outputs });
    }
    case 'delete message': {
      const [first] = await readMessages(harness, thread);
      return harness.request('DELETE', `/threads/${thread}/messages/${first?.id ?? 'msg_none'}`);
    }
  }
}

test('whatever happens, a thread is never locked for good', async () => {
  const script = fc.array(operation, { minLength: 5, maxLength: 25 });
  const answers = fc.infiniteStream(fc.nat(turns.length - 1));
  await fc.assert(
    fc.asyncProperty(script, answers, async (steps, chosen) => {
      const gate = createGate();
      const next = (): Turn => {
        const turn = turns[chosen.next().value];
        return { ...turn, gate };
      };
      const harness = await setup({ defaultTurn: next });
      const { id: assistant } = await createAssistant(harness);
      const { id: thread } = await createThread(harness);
      for (const step of steps) await perform(harness, step, thread, assistant, gate);
      const { body } = await harness.request('GET', `/threads/${thread}/runs`);
      const live = body.data.filter(
        ({ expires_at }: { expires_at: unknown }) => expires_at !== null,
      );
      expect(live.length).toBeLessThanOrEqual(1);

      gate.open();
      await harness.engine.idle();
      await harness.clock.advance(601_000);
      const made = await harness.request('POST', `/threads/${thread}/runs`, {
        assistant_id: assistant,
      });
      expect([made.status, made.body.error]).toEqual([200, undefined]);
      for (const run of body.data) await readSteps(harness, run);
      await readMessages(harness, thread);
      await harness.engine.stop(0);
    }),
    { numRuns: 60 },
  );
});
