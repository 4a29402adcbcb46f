import type OpenAI from 'openai';
import { expect, test } from 'vitest';
import { setup } from '../../support/engine.ts';
import { createRun, readMessages } from '../../support/conversation.ts';
import { textMessage } from '../../support/upstream-items.ts';
import type { Turn } from '../../support/upstream.ts';

type Annotation = OpenAI.Responses.ResponseOutputText['annotations'][number];

const citation = (file_id: string, index: number): Annotation => ({
  type: 'file_citation',
  file_id,
  filename: `${file_id}.txt`,
  index,
});
const filePath = (file_id: string, index: number): Annotation => ({
  type: 'file_path',
  file_id,
  index,
});

/** The text part of a message for which the model returned `text` and these annotations. */
async function annotatedText(text: string, notes: Annotation[], edit?: Turn['edit']) {
  const harness = await setup();
  harness.upstream.respondWith({ output: [textMessage(text, notes)], ...(edit && { edit }) });
  const { thread_id } = await createRun(harness);
  await harness.runToEnd();
  const [part] = (await readMessages(harness, thread_id)).at(-1)?.content ?? [];
  if (part?.type !== 'text') throw new Error('the message has no text');
  return part.text;
}

test('shows a citation as a marker in the text, with its start and end', async () => {
  const { value, annotations } = await annotatedText('It is cold.', [citation('file-oslo', 10)]);
  expect(value).toBe('It is cold【0:0†file-oslo.txt】.');
  expect(annotations).toEqual([
    {
      type: 'file_citation',
      text: '【0:0†file-oslo.txt】',
      start_index: 10,
      end_index: 29,
      file_citation: { file_id: 'file-oslo' },
    },
  ]);
});

test('counts annotation positions in UTF-16 units', async () => {
  const notes = [citation('file-a', 4), filePath('file-b', 8), citation('file-a', 8)];
  const { value, annotations } = await annotatedText('𝔘𝔫𝔦🥶 is 𝔠', notes);
  expect(annotations).toHaveLength(3);
  for (const { start_index, end_index, text } of annotations) {
    expect(value.slice(start_index, end_index)).toBe(text);
    expect(text).toMatch(/^【\d+:\d+†.+】$/u);
  }
  expect(value.replaceAll(/【[^】]+】/gu, '*')).toBe('𝔘𝔫𝔦🥶* is **𝔠');
});

test('orders annotations whose positions are unordered, equal or beyond the end', async () => {
  const notes = [citation('file-c', 99), citation('file-b', 2), citation('file-a', 2)];
  const { value, annotations } = await annotatedText('ab cd', notes);
  expect(annotations.map(({ start_index }) => start_index)).toEqual(
    annotations.map(({ start_index }) => start_index).toSorted((a, b) => a - b),
  );
  for (const { start_index, end_index, text } of annotations) {
    expect(value.slice(start_index, end_index)).toBe(text);
  }
  const withoutMarkers = annotations.reduce(
    (unmarked, { text }) => unmarked.replace(text, ''),
    value,
  );
  expect(withoutMarkers).toBe('ab cd');
});

test('keeps annotations that only the final event carries', async () => {
  const notes = [citation('file-a', 2), filePath('file-b', 5)];
  const { value, annotations } = await annotatedText('ab cd', notes, (events) =>
    events.filter(({ type }) => type !== 'response.output_text.annotation.added'),
  );
  expect(annotations.map(({ type }) => type)).toEqual(['file_citation', 'file_path']);
  for (const { start_index, end_index, text } of annotations) {
    expect(value.slice(start_index, end_index)).toBe(text);
  }
  const withoutMarkers = annotations.reduce(
    (unmarked, { text }) => unmarked.replace(text, ''),
    value,
  );
  expect(withoutMarkers).toBe('ab cd');
});

test('leaves out citations of web pages', async () => {
  const webCitation: Annotation = {
    type: 'url_citation',
    url: 'https://example.com/',
    title: 'Example',
    start_index: 0,
    end_index: 2,
  };
  expect(await annotatedText('As said.', [webCitation])).toEqual({
    value: 'As said.',
    annotations: [],
  });
});
