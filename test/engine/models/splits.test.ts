import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createIds } from '../../support/clock.ts';
import { executors } from '../../support/executors.ts';
import { toolCall, type Reply } from '../../support/chat-replies.ts';
import { createRun, readMessages, readRun, readSteps } from '../../support/conversation.ts';

/* However a stream's bytes are cut on their way, the run is the same. */

interface Journey {
  /** Where the bytes are cut, as parts of the whole. */
  readonly cuts: readonly number[];
  readonly lineEnd: '\n' | '\r\n' | '\r';
}

const journey: fc.Arbitrary<Journey> = fc.record({
  cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 60 }),
  lineEnd: fc.constantFrom('\n', '\r\n', '\r'),
});

function cut(bytes: Uint8Array, { cuts }: Journey): Uint8Array[] {
  const places = cuts.map((part) => Math.round(part * bytes.length)).toSorted((a, b) => a - b);
  return [...places, bytes.length].map((end, index) => bytes.subarray(places[index - 1] ?? 0, end));
}

/** Lets every answer make the journey. */
const travelling =
  (way: Journey) =>
  (plain: typeof fetch): typeof fetch =>
  async (input, init) => {
    const answer = await plain(input, init);
    const text = (await answer.text()).replaceAll('\n', way.lineEnd);
    const parts = cut(new TextEncoder().encode(text), way);
    return new Response(ReadableStream.from(parts), answer);
  };

const replies: readonly Reply[] = [
  { text: 'Schnee, −3 °C. ❄️ 👩🏽‍🚀 e\u0301 \r\n\u2028 data: x', usage: [100, 40, 64, 32] },
  {
    text: 'Let me see. 🔎',
    calls: [
      toolCall('get_weather', { city: 'Tromsø', note: '雪' }, 'call_one'),
      toolCall('get_weather', { city: 'Roma' }, 'call_two'),
    ],
  },
  { refusal: 'I cannot — 🙅.' },
  { text: 'It is cold and', cut: 'length' },
];

describe.each(executors)('$name', ({ open }) => {
  async function tell(reply: Reply, way: Journey) {
    const harness = await open({ ids: createIds(), wrap: travelling(way) });
    harness.respondWith(reply);
    const { run, thread_id } = await createRun(harness);
    await harness.runToEnd();
    const told = [
      await readRun(harness, run),
      await readMessages(harness, thread_id),
      await readSteps(harness, run),
    ];
    await harness.engine.stop(0);
    return told;
  }

  test.each(replies)('%j', async (reply) => {
    const whole = await tell(reply, { cuts: [], lineEnd: '\n' });
    expect(whole[0]).toMatchObject({ last_error: null });
    const single = { cuts: Array.from({ length: 6000 }, (_, index) => index / 6000) };
    expect(await tell(reply, { ...single, lineEnd: '\r\n' })).toEqual(whole);
    await fc.assert(
      fc.asyncProperty(journey, async (way) => {
        expect(await tell(reply, way)).toEqual(whole);
      }),
      { numRuns: 15 },
    );
  });
});
