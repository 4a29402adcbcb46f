import type OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { setup, type Harness } from '../../support/engine.ts';
import {
  startedEventNames,
  eventData,
  expectStreamMatchesStored,
  messageEventNames,
  eventNames,
  streamRunToEnd,
} from '../../support/run-stream.ts';
import { createRun, readRun } from '../../support/conversation.ts';
import { generatedFileCitation, codeCall, textMessage } from '../../support/upstream-items.ts';

type Note = OpenAI.Responses.ResponseOutputText['annotations'][number];

const code = {
  tools: [{ type: 'code_interpreter' }],
} satisfies Partial<OpenAI.Beta.AssistantCreateParams>;

/** A harness whose endpoint has these files in the container that code runs in. */
async function withFiles(...names: string[]): Promise<Harness> {
  const harness = await setup();
  const files = names.map((name) => [`cfile_${name}`, new Blob([`<${name}>`])] as const);
  harness.storage.containers.set('cntr_first', new Map(files));
  return harness;
}

/** Runs a model that writes `text` with these annotations; returns the message and the events. */
async function runWithFiles(harness: Harness, text: string, notes: Note[]) {
  harness.upstream.respondWith({ output: [codeCall('save()'), textMessage(text, notes)] });
  const { events } = await streamRunToEnd(harness, {}, code);
  await expectStreamMatchesStored(harness, events);
  const [message] = eventData(events, 'thread.message.completed');
  if (message === undefined) throw new Error('there is no message');
  const [part, ...images] = message.content;
  if (part?.type !== 'text') throw new Error('the message is no text');
  return { message, events, ...part.text, images };
}

const savedNames = ({ storage }: Harness) =>
  [...storage.files.values()].map(({ filename }) => filename);

test('a generated file is saved and referenced by its path in the text', async () => {
  const harness = await withFiles('sum.csv');
  const text = '🥶 See [the sum](sandbox:/mnt/data/sum.csv).';
  const { value, annotations, message, events } = await runWithFiles(harness, text, [
    generatedFileCitation('sum.csv'),
  ]);
  expect(value).toBe(text);
  const [saved] = harness.storage.files.values();
  const path = 'sandbox:/mnt/data/sum.csv';
  const start_index = text.indexOf(path);
  expect(annotations).toEqual([
    {
      type: 'file_path',
      text: path,
      start_index,
      end_index: start_index + path.length,
      file_path: { file_id: saved?.id },
    },
  ]);
  expect(await saved?.content.text()).toBe('<sum.csv>');
  const noted = eventData(events, 'thread.message.delta').at(-1)?.delta.content;
  expect(noted).toEqual([
    { index: 0, type: 'text', text: { value: '', annotations: [{ index: 0, ...annotations[0] }] } },
  ]);
  const files = await harness.request(
    'GET',
    `/threads/${message.thread_id}/messages/${message.id}/files`,
  );
  expect(files.body.data).toMatchObject([{ id: saved?.id, object: 'thread.message.file' }]);
});

test('a generated file that the text does not mention gets a marker', async () => {
  const harness = await withFiles('sum.csv');
  const { value, annotations } = await runWithFiles(harness, 'Done.', [
    generatedFileCitation('sum.csv'),
  ]);
  expect(value).toBe('Done.【0:0†sum.csv】');
  expect(annotations).toMatchObject([{ type: 'file_path', start_index: 5, end_index: 18 }]);
});

test('references match names with a common prefix, names with spaces, and repeated names', async () => {
  const harness = await withFiles('a.csv', 'a.csv.gz', 'b c.csv');
  const text = ['a.csv.gz', 'a.csv', 'b%20c.csv', 'a.csv']
    .map((name) => `sandbox:/mnt/data/${name}`)
    .join(' and ');
  const notes = [
    generatedFileCitation('a.csv'),
    generatedFileCitation('a.csv.gz'),
    generatedFileCitation('b c.csv'),
    generatedFileCitation('a.csv'),
  ];
  const { value, annotations } = await runWithFiles(harness, text, [
    ...notes,
    generatedFileCitation('a.csv'),
  ]);
  expect(value).toBe(text);
  const named = annotations.map((note) => {
    expect(value.slice(note.start_index, note.end_index)).toBe(note.text);
    const id = note.type === 'file_path' ? note.file_path.file_id : '';
    return `${note.text.replace('sandbox:/mnt/data/', '')}: ${harness.storage.files.get(id)?.filename}`;
  });
  expect(named.toSorted()).toEqual([
    'a.csv.gz: a.csv.gz',
    'a.csv: a.csv',
    'a.csv: a.csv',
    'b%20c.csv: b c.csv',
  ]);
  expect(savedNames(harness).toSorted()).toEqual(['a.csv', 'a.csv.gz', 'b c.csv']);
});

test('a longer path that starts with a file’s path is not a reference to that file', async () => {
  const harness = await withFiles('a.csv');
  const text = 'Not sandbox:/mnt/data/a.csv.gz. But sandbox:/mnt/data/a.csv.';
  const { annotations } = await runWithFiles(harness, text, [generatedFileCitation('a.csv')]);
  expect(annotations).toMatchObject([{ start_index: 36, text: 'sandbox:/mnt/data/a.csv' }]);
});

test('a generated image is a part of its message, and its link refers to the same file', async () => {
  const harness = await withFiles('plot.png', 'other.png');
  const text = '![plot](sandbox:/mnt/data/plot.png)';
  const notes = [generatedFileCitation('plot.png'), generatedFileCitation('other.png')];
  const { annotations, images, events } = await runWithFiles(harness, text, notes);
  expect(savedNames(harness).toSorted()).toEqual(['other.png', 'plot.png']);
  const idOf = (name: string) =>
    [...harness.storage.files.values()].find(({ filename }) => filename === name)?.id;
  expect(annotations).toMatchObject([{ file_path: { file_id: idOf('plot.png') } }]);
  expect(images).toEqual([
    { type: 'image_file', image_file: { file_id: idOf('plot.png'), detail: 'auto' } },
    { type: 'image_file', image_file: { file_id: idOf('other.png'), detail: 'auto' } },
  ]);
  const last = eventData(events, 'thread.message.delta').at(-1)?.delta.content;
  expect(last).toEqual([
    { index: 2, type: 'image_file', image_file: { file_id: idOf('other.png') } },
  ]);
});

const drawing = `data:image/png;base64,${Buffer.from('<plot.png>').toString('base64')}`;
const drawn = codeCall('draw()', [{ type: 'image', url: drawing }]);

test('a message starts with the images of the calls before it, also in the stream', async () => {
  const harness = await withFiles('plot.png');
  harness.upstream.respondWith({ output: [drawn, textMessage('See the plot.')] });
  const { events } = await streamRunToEnd(harness, {}, code);
  await expectStreamMatchesStored(harness, events);
  const [message] = eventData(events, 'thread.message.completed');
  const [saved] = harness.storage.files.values();
  expect(message).toMatchObject({
    content: [
      { type: 'image_file', image_file: { file_id: saved?.id } },
      { type: 'text', text: { value: 'See the plot.' } },
    ],
    attachments: [],
  });
  const parts = eventData(events, 'thread.message.delta').map(({ delta }) => delta.content?.[0]);
  expect(parts.map((part) => [part?.index, part?.type])).toEqual([
    [0, 'image_file'],
    ...parts.slice(1).map(() => [1, 'text']),
  ]);
});

test('an image that a call shows and the message refers to is one file and one part', async () => {
  const harness = await withFiles('plot.png');
  const text = '![plot](sandbox:/mnt/data/plot.png)';
  harness.upstream.respondWith({
    output: [drawn, textMessage(text, [generatedFileCitation('plot.png')])],
  });
  const { events } = await streamRunToEnd(harness, {}, code);
  await expectStreamMatchesStored(harness, events);
  const [message] = eventData(events, 'thread.message.completed');
  const [saved, ...others] = harness.storage.files.values();
  expect(others).toEqual([]);
  expect(message?.content.map(({ type }) => type)).toEqual(['image_file', 'text']);
  expect(message?.content.at(-1)).toMatchObject({
    text: { annotations: [{ type: 'file_path', file_path: { file_id: saved?.id } }] },
  });
});

test('images of a call belong to the next message only', async () => {
  const harness = await withFiles();
  harness.upstream.respondWith({
    output: [textMessage('I draw.'), drawn, textMessage('Drawn.'), textMessage('Done.')],
  });
  const { events } = await streamRunToEnd(harness, {}, code);
  const messages = eventData(events, 'thread.message.completed');
  expect(messages.map(({ content }) => content.map(({ type }) => type))).toEqual([
    ['text'],
    ['image_file', 'text'],
    ['text'],
  ]);
});

test('generated files are attachments of their message, images are not', async () => {
  const harness = await withFiles('sum.csv', 'plot.png');
  const text = 'See sandbox:/mnt/data/sum.csv and sandbox:/mnt/data/plot.png.';
  const notes = ['sum.csv', 'plot.png', 'sum.csv'].map((name) => generatedFileCitation(name));
  const { message } = await runWithFiles(harness, text, notes);
  const idOf = (name: string) =>
    [...harness.storage.files.values()].find(({ filename }) => filename === name)?.id;
  expect(message.attachments).toEqual([
    { file_id: idOf('sum.csv'), tools: [{ type: 'code_interpreter' }] },
  ]);
});

test('a message may consist of an image only', async () => {
  const harness = await withFiles('plot.png');
  harness.upstream.respondWith({ output: [textMessage('', [generatedFileCitation('plot.png')])] });
  const { events } = await streamRunToEnd(harness, {}, code);
  expect(eventNames(events)).toEqual([...startedEventNames, ...messageEventNames, 'run.completed']);
  const [message] = eventData(events, 'thread.message.completed');
  expect(message?.content.map(({ type }) => type)).toEqual(['image_file']);
});

describe('a file that cannot be saved does not fail the run', () => {
  test.each([
    [
      'mentioned in the text',
      'See sandbox:/mnt/data/gone.csv.',
      'gone.csv',
      'See sandbox:/mnt/data/gone.csv.',
    ],
    ['not mentioned in the text', 'Done.', 'gone.csv', 'Done.【0:0†gone.csv】'],
    ['an image', 'Look.', 'gone.png', 'Look.'],
  ])('if it is %s', async (_, text, name, expected) => {
    const harness = await withFiles();
    const { value, annotations, images } = await runWithFiles(harness, text, [
      generatedFileCitation(name),
    ]);
    expect({ value, annotations, images }).toEqual({
      value: expected,
      annotations: [],
      images: [],
    });
    const lost = harness.logLines.filter((line) => line.includes('generated file lost'));
    expect(lost).toHaveLength(1);
    expect(lost[0]).toContain(name);
  });

  test('if it is an image among the outputs', async () => {
    const harness = await withFiles();
    const outputs = [
      { type: 'image', url: 'https://127.0.0.1:1/plot.png' } as const,
      { type: 'logs', logs: 'drawn' } as const,
    ];
    harness.upstream.respondWith({ output: [codeCall('draw()', outputs), textMessage('Drawn.')] });
    const { events } = await streamRunToEnd(harness, {}, code);
    await expectStreamMatchesStored(harness, events);
    const [step] = eventData(events, 'thread.run.step.completed');
    expect(step?.step_details).toMatchObject({
      tool_calls: [{ code_interpreter: { outputs: [{ type: 'logs', logs: 'drawn' }] } }],
    });
  });

  test.each([
    ['endpoint does not respond', 'completed'],
    ['run is cancelled during the download', 'cancelled'],
  ])('if the %s', async (_, status) => {
    const harness = await withFiles();
    const downloadStarted = Promise.withResolvers<void>();
    const slow = new Map<string, Blob>();
    slow.get = () => {
      downloadStarted.resolve();
      return Object.assign(new Blob(['1']), { stream: () => new ReadableStream({}) });
    };
    harness.storage.containers.set('cntr_first', slow);
    harness.upstream.respondWith({
      output: [textMessage('Done.', [generatedFileCitation('sum.csv')])],
    });
    const { run, thread_id } = await createRun(harness, {}, code);
    await harness.engine.tick();
    await downloadStarted.promise;
    if (status === 'cancelled')
      await harness.openai.beta.threads.runs.cancel(run.id, { thread_id });
    else await harness.clock.advance(60_000);
    await harness.engine.idle();
    expect((await readRun(harness, run)).status).toBe(status);
    expect(harness.storage.abortedRequests).toEqual([
      expect.stringMatching(/^GET \/containers\/cntr_first\/files\/.+\/content$/u),
    ]);
    const timeouts = harness.logLines.filter((line) =>
      line.includes('The model endpoint did not respond within 60 seconds.'),
    );
    expect(timeouts).toHaveLength(status === 'completed' ? 1 : 0);
  });
});
