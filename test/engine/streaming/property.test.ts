import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { setup } from '../../support/engine.ts';
import { temporary } from '../../support/temporary-files.ts';
import {
  assemble,
  collect,
  expectStreamMatchesStored,
  collectWhileRunning,
  type StreamEvent,
  streamOutputs,
  streamRun,
  streamRunToEnd,
} from '../../support/run-stream.ts';
import type { Turn } from '../../support/upstream.ts';
import {
  incompleteMessage,
  functionCall,
  searchResult,
  reasoningItem,
  refusalMessage,
  codeCall,
  textMessage,
  searchCall,
} from '../../support/upstream-items.ts';

/* Streams are valid whatever the model outputs and whichever events its endpoint omits. */

const citations = fc
  .array(fc.tuple(fc.constantFrom('file-a', 'file-b'), fc.nat(8)), { maxLength: 2 })
  .map((annotations) =>
    annotations.map(([file_id, index]) => ({ type: 'file_path' as const, file_id, index })),
  );

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });

const textItems = fc
  .tuple(text, citations)
  .map(([words, annotations]) => [() => textMessage(words, annotations)]);
const refusalItems = text.map((words) => [() => refusalMessage(words)]);
const callItems = fc.json({ maxDepth: 1 }).map((args) => [() => functionCall('get_weather', args)]);
// Reasoning is always followed by output.
const reasoningItems = text.map((words) => [
  () => reasoningItem('secret'),
  () => textMessage(words),
]);
const codeItems = fc.tuple(text, fc.array(text, { maxLength: 2 })).map(([code, logs]) => [
  () =>
    codeCall(
      code,
      logs.map((printed) => ({ type: 'logs', logs: printed })),
    ),
]);
const searchItems = text.map((words) => [() => searchCall(words, [searchResult('file-a', words)])]);
const part = (words: string, index: number) =>
  index % 2 === 0 ? textMessage(words).content : refusalMessage(words).content;
const mixedItems = fc
  .array(text, { minLength: 2, maxLength: 3 })
  .map((words) => [() => ({ ...textMessage(''), content: words.flatMap(part) })]);
const emptyItems = fc.constant([() => textMessage('')]);

const items = fc.array(
  fc.oneof(
    textItems,
    refusalItems,
    callItems,
    reasoningItems,
    mixedItems,
    emptyItems,
    codeItems,
    searchItems,
  ),
  {
    maxLength: 4,
  },
);

/** Events that some servers omit. */
const omissible = [
  'response.output_item.added',
  'response.output_item.done',
  'response.content_part.added',
  'response.output_text.delta',
  'response.output_text.annotation.added',
  'response.refusal.delta',
  'response.function_call_arguments.delta',
  'response.code_interpreter_call.in_progress',
  'response.code_interpreter_call_code.delta',
  'response.file_search_call.in_progress',
];

const without =
  (omitted: readonly string[]): NonNullable<Turn['edit']> =>
  (events) =>
    events.filter(({ type }) => !omitted.includes(type));

const turnEnds = [
  'stop',
  'stop',
  'max_output_tokens',
  'content_filter',
  'failed',
  'error',
] as const;
const failed = { code: 'invalid_prompt', message: 'No.' };

/** One turn of the model; a function, because each use needs new ids. */
const turn = fc
  .tuple(items, fc.subarray(omissible), fc.constantFrom(...turnEnds))
  .map(([itemLists, omitted, end]) => (): Turn => {
    const output = itemLists.flat().map((createItem) => createItem());
    const edit = without(omitted);
    if (end === 'failed') return { output, edit, failed };
    if (end === 'error') return { output, edit, errorEvent: failed };
    if (end === 'stop') return { output, edit };
    return { output: [...output, incompleteMessage('It is')], edit, incomplete: end };
  });

test('every stream is valid for the SDK and matches the stored objects', async () => {
  const harness = await setup();
  await fc.assert(
    fc.asyncProperty(turn, turn, async (first, second) => {
      harness.upstream.respondWith(first());
      const { events } = await streamRunToEnd(harness);
      await expectStreamMatchesStored(harness, events);
      const { run } = await assemble(events);
      if (run.status !== 'requires_action') return;
      harness.upstream.respondWith(second());
      const laterEvents = await collectWhileRunning(harness, streamOutputs(harness, run));
      await expectStreamMatchesStored(harness, laterEvents);
      const next = await assemble(laterEvents);
      expect(next.run.id).toBe(run.id);
    }),
    { numRuns: 150 },
  );
});

test('every stream of a run in another process is valid and matches the stored objects', async () => {
  const database = temporary();
  const streamer = await setup({ database });
  const executor = await setup({ database, ids: streamer.ids, clock: streamer.clock });
  const collectWhileExecuting = async (stream: AsyncIterable<StreamEvent>) => {
    const events = collect(stream);
    await executor.runToEnd();
    await streamer.clock.advance(1000);
    return events;
  };
  await fc.assert(
    fc.asyncProperty(turn, turn, async (first, second) => {
      executor.upstream.respondWith(first());
      const events = await collectWhileExecuting((await streamRun(streamer)).stream);
      await expectStreamMatchesStored(streamer, events);
      const { run } = await assemble(events);
      if (run.status !== 'requires_action') return;
      executor.upstream.respondWith(second());
      await expectStreamMatchesStored(
        streamer,
        await collectWhileExecuting(await streamOutputs(streamer, run)),
      );
    }),
    { numRuns: 60 },
  );
  expect([streamer.upstream.requests.length, executor.upstream.requests.length >= 60]).toEqual([
    0,
    true,
  ]);
});
