import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ThinkingFilter, withoutReasoning } from '../../../src/engine/models/thinking-filter.ts';
import {
  type AnswerServer,
  callsOf,
  chatStream,
  openAt,
  textResponse,
} from '../../support/answer-server.ts';

const apis = ['chat', 'responses'] as const;

/** A server whose answer arrives in these pieces. */
const inPieces = (api: (typeof apis)[number], pieces: readonly string[]): AnswerServer => ({
  [api]: () =>
    api === 'chat' ? chatStream(pieces.map((content) => ({ content }))) : textResponse(...pieces),
});

const singly = (text: string): string[] => Array.from(text);

describe.each(apis)('over %s, thinking in the text', (api) => {
  const shownFor = async (pieces: readonly string[], options: object = {}) => {
    const { start, texts } = await openAt(inPieces(api, pieces), options);
    const { run, thread_id } = await start();
    expect([run.status, run.last_error]).toEqual(['completed', null]);
    return texts(thread_id);
  };

  test.each([
    ['between tags', '<think>\nIt is winter.\n</think>\n\nSnow.', 'Snow.'],
    ['after blank lines', '\n\n<think>It is winter.</think>Snow.', 'Snow.'],
    ['twice', '<think>Winter.</think>\n<think>North.</think>\nSnow.', 'Snow.'],
    ['that is empty', '<think>\n\n</think>\n\nSnow.', 'Snow.'],
    ['with other tags', '<thinking>It is winter.</thinking>\nSnow.', 'Snow.'],
    ["with Mistral's tags", '[THINK]It is winter.[/THINK]Snow.', 'Snow.'],
    ["with Seed's tags", '<seed:think>It is winter.</seed:think>Snow.', 'Snow.'],
    ["with Kimi's tags", '◁think▷It is winter.◁/think▷Snow.', 'Snow.'],
    ["with Gemma's tags", '<|channel>thought\nIt is winter.<channel|>Snow.', 'Snow.'],
    [
      'in the channels of gpt-oss',
      '<|channel|>analysis<|message|>It is winter.<|end|><|start|>assistant<|channel|>final<|message|>Snow.',
      'Snow.',
    ],
  ])('%s is not shown', async (_, text, shown) => {
    expect(await shownFor([text])).toEqual([shown]);
    expect(await shownFor(singly(text))).toEqual([shown]);
  });

  test.each([
    ['tags that are explained', 'Models write `<think>` and `</think>`.'],
    ['a tag later in the text', 'Snow. <think>Is it?</think> Yes.'],
    ['another tag', '<thinker>Rodin</thinker>'],
    ['a smaller sign', '< 3 degrees'],
    ['the start of a tag at the end', '<thi'],
    ['spaces before the text', '  - Snow.\n'],
  ])('does not include %s', async (_, text) => {
    expect(await shownFor(singly(text))).toEqual([text]);
  });

  test('that only its end marks is not shown by a model that is known for it', async () => {
    const pieces = singly('It is winter.\n</think>\n\nSnow.');
    const options = { modelName: 'Qwen/Qwen3-30B-A3B-Thinking-2507' };
    expect(await shownFor(pieces, options)).toEqual(['Snow.']);
    expect(await shownFor(['Snow.'], options)).toEqual(['Snow.']);
  });

  test('that only its end marks is not shown if the answer comes at once', async () => {
    expect(await shownFor(['17 × 24 = 408</think>408'])).toEqual(['408']);
  });

  test('that only its end marks is shown once, then never again', async () => {
    const { start, texts } = await openAt(inPieces(api, singly('It is winter.</think>Snow.')));
    const first = await start();
    const second = await start();
    expect(await texts(first.thread_id)).toEqual(['It is winter.</think>Snow.']);
    expect(await texts(second.thread_id)).toEqual(['Snow.']);
  });

  test('without an end is shown if the answer has nothing else', async () => {
    expect(await shownFor(singly('<think>Hello! How are you?'))).toEqual(['Hello! How are you?']);
  });

  test('is shown with --show-reasoning', async () => {
    const text = '<think>It is winter.</think>\nSnow.';
    expect(await shownFor(singly(text), { showReasoning: true })).toEqual([text]);
  });

  test('is in no message if there is nothing else', async () => {
    expect(await shownFor(['<think>It is winter.</think>\n'])).toEqual([]);
  });
});

test('the answer streams while the thinking is held back', async () => {
  const filter = new ThinkingFilter({ thinksUnmarked: false, showsThinking: false });
  const shown = ['<th', 'ink>Hm', '.</th', 'ink>\n\nSn', 'ow', '.'].map((text) =>
    filter.push(text),
  );
  expect(shown).toEqual(['', '', '', 'Sn', 'ow', '.']);
});

test('a model that sends its reasoning beside the text is not waited for', async () => {
  const deltas = [{ reasoning_content: 'It is winter.' }, { content: 'Sn' }, { content: 'ow.' }];
  const { start, texts } = await openAt(
    { chat: () => chatStream(deltas) },
    { modelName: 'qwq-32b' },
  );
  expect(await texts((await start()).thread_id)).toEqual(['Snow.']);
});

test('thinking before a call is sent back with it, and is in no message', async () => {
  const call = {
    index: 0,
    id: 'call_1',
    type: 'function',
    function: { name: 'get_weather', arguments: '{"city":"Oslo"}' },
  };
  const thinking = '<think>\nI must look it up.\n</think>\n\n';
  const { start, submit, texts, requests } = await openAt({
    chat: (_, count) =>
      count === 0
        ? chatStream([{ content: thinking }, { tool_calls: [call] }], 'tool_calls')
        : chatStream([{ content: '<think>Cold.</think>Snow.' }]),
  });
  const { run, thread_id } = await start();
  expect([callsOf(run), await texts(thread_id)]).toEqual([
    [['get_weather', '{"city":"Oslo"}']],
    [],
  ]);
  await submit(run);
  expect(await texts(thread_id)).toEqual(['Snow.']);
  const turn = requests[1]?.messages.find(({ role }) => role === 'assistant');
  expect(turn?.['content']).toBe(thinking);
});

test('thinking that the token limit cut off is in no message', async () => {
  const { start, texts } = await openAt({
    chat: () => chatStream([{ content: '<think>It is' }], 'length'),
  });
  const { run, thread_id } = await start();
  expect([run.status, await texts(thread_id)]).toEqual(['incomplete', []]);
});

const show = (pieces: readonly string[]): string => {
  const filter = new ThinkingFilter({ thinksUnmarked: true, showsThinking: false });
  return pieces.map((piece) => filter.push(piece)).join('') + filter.finish();
};

test('a text is shown alike however it is split', () => {
  const text = fc
    .array(fc.constantFrom('<think>', '</think>', '<tool_call>', 'a', ' ', '\n', '`', '<'), {
      maxLength: 12,
    })
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, (sample) => {
      expect(show(Array.from(sample))).toBe(show([sample]));
    }),
  );
});

/** The computing time for a long text in pieces. */
function filterTime(pieces: number): number {
  const times = [0, 1].map(() => {
    const filter = new ThinkingFilter({ thinksUnmarked: true, showsThinking: false });
    const start = process.cpuUsage();
    for (let count = 0; count < pieces; count += 1) filter.push('a < b ');
    filter.finish();
    return process.cpuUsage(start).user;
  });
  return Math.min(...times);
}

test('thinking is taken out of a long text in linear time', () => {
  // Eight times the length takes 64 times as long when the text is searched again for every piece.
  expect(filterTime(2_000_000) / filterTime(250_000)).toBeLessThan(40);
  expect(withoutReasoning(`<think>${'x'.repeat(1_000_000)}</think>Snow.`)).toBe('Snow.');
});
