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
  { weight: 3, arbitrary: fc.record({ do: fc.constant('finish' as const) }) },
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

/** Performs one operation on a thread; the API may reject it. */
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
    case 'finish':
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
      const active = await run();
      const calls = active?.required_action?.submit_tool_outputs.tool_calls ?? [];
      const tool_outputs = calls.map(({ id }: { id: string }) => ({
        tool_call_id: id,
        output: 'x',
      }));
      return post(`/runs/${active?.id ?? 'run_none'}/submit_tool_outputs`, { tool_outputs });
    }
    case 'delete message': {
      const [first] = await readMessages(harness, thread);
      return harness.request('DELETE', `/threads/${thread}/messages/${first?.id ?? 'msg_none'}`);
    }
  }
}

test('no sequence of operations locks a thread for longer than the lifetime of a run', async () => {
  const scripts = fc.array(operation, { minLength: 5, maxLength: 25 });
  const turnIndexLists = fc.infiniteStream(fc.nat(turns.length - 1));
  await fc.assert(
    fc.asyncProperty(scripts, turnIndexLists, async (steps, turnIndexes) => {
      const gate = createGate();
      const next = (): Turn => {
        const turn = turns[turnIndexes.next().value];
        return { ...turn, gate };
      };
      const harness = await setup({ defaultTurn: next });
      const { id: assistant } = await createAssistant(harness);
      const { id: thread } = await createThread(harness);
      for (const step of steps) await perform(harness, step, thread, assistant, gate);
      const { body } = await harness.request('GET', `/threads/${thread}/runs`);
      const active = body.data.filter(
        ({ expires_at }: { expires_at: unknown }) => expires_at !== null,
      );
      expect(active.length).toBeLessThanOrEqual(1);

      gate.open();
      await harness.engine.idle();
      await harness.clock.advance(601_000);
      const created = await harness.request('POST', `/threads/${thread}/runs`, {
        assistant_id: assistant,
      });
      expect([created.status, created.body.error]).toEqual([200, undefined]);
      for (const run of body.data) await readSteps(harness, run);
      await readMessages(harness, thread);
      await harness.engine.stop(0);
    }),
    { numRuns: 60 },
  );
});
