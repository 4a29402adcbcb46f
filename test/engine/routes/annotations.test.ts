import type OpenAI from 'openai';
import { expect, test } from 'vitest';
import { setup } from '../../support/engine.ts';
import { createRun, readMessages } from '../../support/conversation.ts';
import { textMessage } from '../../support/upstream-items.ts';
import type { Turn } from '../../support/upstream.ts';

type Note = OpenAI.Responses.ResponseOutputText['annotations'][number];

const cites = (file_id: string, index: number): Note => ({
  type: 'file_citation',
  file_id,
  filename: `${file_id}.txt`,
  index,
});
const makes = (file_id: string, index: number): Note => ({ type: 'file_path', file_id, index });

/** The text of a message that the model ends with `text` and these references. */
async function annotated(text: string, notes: Note[], edit?: Turn['edit']) {
  const harness = await setup();
  harness.upstream.respondWith({ output: [textMessage(text, notes)], ...(edit && { edit }) });
  const { thread_id } = await createRun(harness);
  await harness.runToEnd();
  const [part] = (await readMessages(harness, thread_id)).at(-1)?.content ?? [];
  if (part?.type !== 'text') throw new Error('the message is no text');
  return part.text;
}

test('a citation is a marker in the text, found by its place', async () => {
  const { value, annotations } = await annotated('It is cold.', [cites('file-oslo', 10)]);
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

test('places count in UTF-16, behind characters of two units too', async () => {
  const notes = [cites('file-a', 4), makes('file-b', 8), cites('file-a', 8)];
  const { value, annotations } = await annotated('𝔘𝔫𝔦🥶 is 𝔠', notes);
  expect(annotations).toHaveLength(3);
  for (const { start_index, end_index, text } of annotations) {
    expect(value.slice(start_index, end_index)).toBe(text);
    expect(text).toMatch(/^【\d+:\d+†.+】$/u);
  }
  expect(value.replaceAll(/【[^】]+】/gu, '*')).toBe('𝔘𝔫𝔦🥶* is **𝔠');
});

test('references out of order, together and beyond the end', async () => {
  const notes = [cites('file-c', 99), cites('file-b', 2), cites('file-a', 2)];
  const { value, annotations } = await annotated('ab cd', notes);
  expect(annotations.map(({ start_index }) => start_index)).toEqual(
    annotations.map(({ start_index }) => start_index).toSorted((a, b) => a - b),
  );
  for (const { start_index, end_index, text } of annotations) {
    expect(value.slice(start_index, end_index)).toBe(text);
  }
  const bare = annotations.reduce((rest, { text }) => rest.replace(text, ''), value);
  expect(bare).toBe('ab cd');
});

test('references that come with the end alone', async () => {
  const notes = [cites('file-a', 2), makes('file-b', 5)];
  const { value, annotations } = await annotated('ab cd', notes, (events) =>
    events.filter(({ type }) => type !== 'response.output_text.annotation.added'),
  );
  expect(annotations.map(({ type }) => type)).toEqual(['file_citation', 'file_path']);
  for (const { start_index, end_index, text } of annotations) {
    expect(value.slice(start_index, end_index)).toBe(text);
  }
  const bare = annotations.reduce((rest, { text }) => rest.replace(text, ''), value);
  expect(bare).toBe('ab cd');
});

test('references to the web are left out', async () => {
  const web: Note = {
    type: 'url_citation',
    url: 'https://example.com/',
    title: 'Example',
    start_index: 0,
    end_index: 2,
  };
  expect(await annotated('As said.', [web])).toEqual({ value: 'As said.', annotations: [] });
});
