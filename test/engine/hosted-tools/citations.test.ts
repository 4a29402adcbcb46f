import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { setup } from '../../support/engine.ts';
import { eventData, expectStreamMatchesStored, streamRunToEnd } from '../../support/run-stream.ts';
import { createAssistant, createThread } from '../../support/conversation.ts';
import {
  fileCitation,
  generatedFileCitation,
  textMessage,
  searchCall,
} from '../../support/upstream-items.ts';

const tools = [{ type: 'file_search' as const }, { type: 'code_interpreter' as const }];

/** Characters of one and two UTF-16 units, combining marks, grapheme clusters, brackets. */
const piece = fc.oneof(
  fc.constantFrom(
    'a',
    ' ',
    '\n',
    'e\u0301',
    '𝔘',
    '🥶',
    '👩‍👩‍👧‍👦',
    '🇳🇴',
    '\u200d',
    '【',
    '】',
    '†',
    '$&',
  ),
  fc.string({ unit: 'grapheme', maxLength: 3 }),
);

const words = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));

const sample = fc.record({
  before: words,
  after: words,
  places: fc.array(fc.tuple(fc.constantFrom('file-a', 'file-b'), fc.nat(30)), { maxLength: 4 }),
  path: fc.constantFrom('sandbox:/mnt/data/sum.csv', ''),
  late: fc.boolean(),
});

test('annotations match their indexes in texts of any characters', async () => {
  const harness = await setup();
  harness.storage.containers.set('cntr_first', new Map([['cfile_sum.csv', new Blob(['1'])]]));
  await fc.assert(
    fc.asyncProperty(sample, async ({ before, after, places, path, late }) => {
      const text = `${before}|${path}|${after}`;
      const length = Array.from(text).length;
      // A marker inside the path would split it.
      const from = Array.from(before).length;
      const to = from + path.length + 2;
      const cited = places
        .map(([id, index]) => [id, Math.min(index, length)] as const)
        .map(([id, index]) => fileCitation(id, index > from && index < to ? to : index));
      harness.upstream.respondWith({
        output: [searchCall('x'), textMessage(text, [...cited, generatedFileCitation('sum.csv')])],
        edit: (events) =>
          events.filter(({ type }) => !late || type !== 'response.output_text.annotation.added'),
      });
      const { events } = await streamRunToEnd(harness, {}, { tools });
      await expectStreamMatchesStored(harness, events);
      const [message] = eventData(events, 'thread.message.completed');
      const [part] = message?.content ?? [];
      if (part?.type !== 'text') throw new Error('the message is no text');
      const { value, annotations } = part.text;
      expect(annotations).toHaveLength(cited.length + 1);
      for (const { start_index, end_index, text: marked } of annotations) {
        expect(value.slice(start_index, end_index)).toBe(marked);
      }
      const markers = annotations
        .filter((note) => note.text.startsWith('【'))
        .toSorted((one, other) => other.start_index - one.start_index);
      const bare = markers.reduce(
        (rest, { start_index, end_index }) => rest.slice(0, start_index) + rest.slice(end_index),
        value,
      );
      expect(bare).toBe(text);
    }),
    { numRuns: 60 },
  );
});

test('the SDK’s stream helper assembles text, annotations and images', async () => {
  const harness = await setup();
  const files = ['cfile_sum.csv', 'cfile_plot.png'].map((id) => [id, new Blob(['1'])] as const);
  harness.storage.containers.set('cntr_first', new Map(files));
  const notes = [
    fileCitation('file-a', 1),
    generatedFileCitation('sum.csv'),
    generatedFileCitation('plot.png'),
  ];
  harness.upstream.respondWith({
    output: [textMessage('🥶 It is cold: sandbox:/mnt/data/sum.csv', notes)],
  });
  const { id: assistant_id } = await createAssistant(harness, { tools });
  const { id: thread_id } = await createThread(harness);
  const stream = harness.openai.beta.threads.runs.stream(thread_id, { assistant_id });
  const connected = new Promise<void>((resolve) => {
    stream.once('connect', resolve);
  });
  const texts: [value: string, annotations: number][] = [];
  const images: string[] = [];
  let streamed = '';
  stream.on('textDelta', ({ value = '' }, snapshot) => {
    streamed += value;
    texts.push([snapshot.value, snapshot.annotations.length]);
  });
  stream.on('imageFileDone', ({ file_id }) => images.push(file_id));
  await connected;
  await harness.runToEnd();
  const [message] = await stream.finalMessages();
  const [text, image] = message?.content ?? [];
  if (text?.type !== 'text' || image?.type !== 'image_file') throw new Error('not as expected');
  expect(streamed).toBe(text.text.value);
  expect(streamed).toBe('🥶【0:0†file-a.txt】 It is cold: sandbox:/mnt/data/sum.csv');
  expect(texts.at(-1)).toEqual([streamed, 2]);
  expect(text.text.annotations.map(({ type }) => type)).toEqual(['file_citation', 'file_path']);
  expect(images).toEqual([image.image_file.file_id]);
});
