import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createIds } from '../../support/clock.ts';
import { executors } from '../../support/executors.ts';
import { toolCall, type Reply } from '../../support/chat-replies.ts';
import { createRun, readMessages, readRun, readSteps } from '../../support/conversation.ts';

interface Transport {
  /** Where the bytes are split into chunks, as fractions of the length. */
  readonly splits: readonly number[];
  readonly lineEnd: '\n' | '\r\n' | '\r';
}

const anyTransport: fc.Arbitrary<Transport> = fc.record({
  splits: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 60 }),
  lineEnd: fc.constantFrom('\n', '\r\n', '\r'),
});

function split(bytes: Uint8Array, { splits }: Transport): Uint8Array[] {
  const offsets = splits
    .map((fraction) => Math.round(fraction * bytes.length))
    .toSorted((a, b) => a - b);
  return [...offsets, bytes.length].map((end, index) =>
    bytes.subarray(offsets[index - 1] ?? 0, end),
  );
}

const withTransport =
  (transport: Transport) =>
  (plainFetch: typeof fetch): typeof fetch =>
  async (input, init) => {
    const response = await plainFetch(input, init);
    const text = (await response.text()).replaceAll('\n', transport.lineEnd);
    const chunks = split(new TextEncoder().encode(text), transport);
    return new Response(ReadableStream.from(chunks), response);
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
  { text: 'It is cold and', truncated: 'length' },
];

describe.each(executors)(
  'the $name model produces the same run for any chunks and line ends',
  ({ open }) => {
    async function runWith(reply: Reply, transport: Transport) {
      const harness = await open({ ids: createIds(), wrap: withTransport(transport) });
      harness.respondWith(reply);
      const { run, thread_id } = await createRun(harness);
      await harness.runToEnd();
      const objects = [
        await readRun(harness, run),
        await readMessages(harness, thread_id),
        await readSteps(harness, run),
      ];
      await harness.engine.stop(0);
      return objects;
    }

    test.each(replies)('of the reply %j', async (reply) => {
      const expected = await runWith(reply, { splits: [], lineEnd: '\n' });
      expect(expected[0]).toMatchObject({ last_error: null });
      const singleBytes = { splits: Array.from({ length: 6000 }, (_, index) => index / 6000) };
      expect(await runWith(reply, { ...singleBytes, lineEnd: '\r\n' })).toEqual(expected);
      await fc.assert(
        fc.asyncProperty(anyTransport, async (transport) => {
          expect(await runWith(reply, transport)).toEqual(expected);
        }),
        { numRuns: 15 },
      );
    });
  },
);
