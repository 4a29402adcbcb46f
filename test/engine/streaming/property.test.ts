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

/* Whatever a model does, and whatever its endpoint leaves unsaid on the way, a stream is in order. */

const citations = fc
  .array(fc.tuple(fc.constantFrom('file-a', 'file-b'), fc.nat(8)), { maxLength: 2 })
  .map((notes) =>
    notes.map(([file_id, index]) => ({ type: 'file_path' as const, file_id, index })),
  );

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });

const said = fc.tuple(text, citations).map(([words, notes]) => [() => textMessage(words, notes)]);
const refused = text.map((words) => [() => refusalMessage(words)]);
const called = fc.json({ maxDepth: 1 }).map((args) => [() => functionCall('get_weather', args)]);
// Reasoning never comes without what it leads to.
const reasoned = text.map((words) => [() => reasoningItem('secret'), () => textMessage(words)]);
const ran = fc.tuple(text, fc.array(text, { maxLength: 2 })).map(([code, logs]) => [
  () =>
    codeCall(
      code,
      logs.map((printed) => ({ type: 'logs', logs: printed })),
    ),
]);
const searched = text.map((words) => [() => searchCall(words, [searchResult('file-a', words)])]);
const part = (words: string, index: number) =>
  index % 2 === 0 ? textMessage(words).content : refusalMessage(words).content;
const mixed = fc
  .array(text, { minLength: 2, maxLength: 3 })
  .map((words) => [() => ({ ...textMessage(''), content: words.flatMap(part) })]);
const silent = fc.constant([() => textMessage('')]);

const items = fc.array(fc.oneof(said, refused, called, reasoned, mixed, silent, ran, searched), {
  maxLength: 4,
});

/** The kinds of event that servers have been seen to leave out. */
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

const ends = ['stop', 'stop', 'max_output_tokens', 'content_filter', 'failed', 'error'] as const;
const failed = { code: 'invalid_prompt', message: 'No.' };

/** What the model does in one turn, made anew each time because its ids are. */
const turn = fc
  .tuple(items, fc.subarray(omissible), fc.constantFrom(...ends))
  .map(([made, omitted, end]) => (): Turn => {
    const output = made.flat().map((make) => make());
    const edit = without(omitted);
    if (end === 'failed') return { output, edit, failed };
    if (end === 'error') return { output, edit, errorEvent: failed };
    if (end === 'stop') return { output, edit };
    return { output: [...output, incompleteMessage('It is')], edit, incomplete: end };
  });

test('every stream is one that the SDK takes, and what it says is what is stored', async () => {
  const harness = await setup();
  await fc.assert(
    fc.asyncProperty(turn, turn, async (first, second) => {
      harness.upstream.respondWith(first());
      const { events } = await streamRunToEnd(harness);
      await expectStreamMatchesStored(harness, events);
      const { run } = await assemble(events);
      if (run.status !== 'requires_action') return;
      harness.upstream.respondWith(second());
      const after = await collectWhileRunning(harness, streamOutputs(harness, run));
      await expectStreamMatchesStored(harness, after);
      const next = await assemble(after);
      expect(next.run.id).toBe(run.id);
    }),
    { numRuns: 150 },
  );
});

test('so is every stream of a run that another process executes', async () => {
  const database = temporary();
  const here = await setup({ database });
  const there = await setup({ database, ids: here.ids, clock: here.clock });
  const passing = async (stream: AsyncIterable<StreamEvent>) => {
    const events = collect(stream);
    await there.runToEnd();
    await here.clock.advance(1000);
    return events;
  };
  await fc.assert(
    fc.asyncProperty(turn, turn, async (first, second) => {
      there.upstream.respondWith(first());
      const events = await passing((await streamRun(here)).stream);
      await expectStreamMatchesStored(here, events);
      const { run } = await assemble(events);
      if (run.status !== 'requires_action') return;
      there.upstream.respondWith(second());
      await expectStreamMatchesStored(here, await passing(await streamOutputs(here, run)));
    }),
    { numRuns: 60 },
  );
  expect([here.upstream.requests.length, there.upstream.requests.length >= 60]).toEqual([0, true]);
});
