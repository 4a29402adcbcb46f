import type OpenAI from 'openai';
import { expect, test } from 'vitest';
import { apiErrorOf, readRun } from '../../../support/conversation.ts';
import { setupSearch } from '../../../support/searching.ts';
import { toolCall } from '../../../support/chat-replies.ts';

/*
 * A program as people wrote them for the hosted API: it uploads documents, asks an assistant about
 * them, and shows the answer with numbered citations and a list of sources.
 */
const documents = {
  'vacation.md': 'Employees have 28 days of vacation in a year.',
  'office.md': 'The office in Oslo opens at 8.\n\nThe office in Rome opens at 10.',
};

/** Uploads the documents and creates the assistant that searches them. */
async function createBot(openai: OpenAI) {
  const files = await Promise.all(
    Object.entries(documents).map(([name, text]) =>
      openai.files.create({ file: new File([text], name), purpose: 'assistants' }),
    ),
  );
  const file_ids = files.map(({ id }) => id);
  const store = await openai.vectorStores.create({ name: 'Handbook', file_ids });
  const assistant = await openai.beta.assistants.create({
    model: 'llama-3.3',
    instructions: 'Answer from the handbook.',
    tools: [{ type: 'file_search' }],
    tool_resources: { file_search: { vector_store_ids: [store.id] } },
  });
  return { assistant, store };
}

/** The text of a message with `[0]`, `[1]` … in the place of its citations, and the sources. */
async function render(openai: OpenAI, message: OpenAI.Beta.Threads.Message): Promise<string> {
  const [part] = message.content;
  if (part?.type !== 'text') return '';
  let { value } = part.text;
  const sources: string[] = [];
  for (const [index, annotation] of part.text.annotations.entries()) {
    value = value.replace(annotation.text, `[${index}]`);
    if (annotation.type !== 'file_citation') continue;
    const file = await openai.files.retrieve(annotation.file_citation.file_id);
    sources.push(`[${index}] ${file.filename}`);
  }
  return [value, ...sources].join('\n');
}

const answer = [
  { calls: [toolCall('file_search', { query: 'office Oslo opens' })] },
  { calls: [toolCall('file_search', { query: 'vacation days' })] },
  { text: 'Oslo opens at 8【1】, and you have 28 days 😀【3】【9】.' },
];
const rendered = 'Oslo opens at 8[0], and you have 28 days 😀[1].\n[0] office.md\n[1] vacation.md';

async function openBot() {
  const harness = await setupSearch();
  return { harness, openai: harness.openai, ...(await createBot(harness.openai)) };
}

test('polled, the answer has citations with the names of the files', async () => {
  const { harness, openai, assistant } = await openBot();
  harness.chat.respondWith(...answer);
  const thread = await openai.beta.threads.create({
    messages: [{ role: 'user', content: 'Oslo? Vacation?' }],
  });
  const run = await openai.beta.threads.runs.create(thread.id, { assistant_id: assistant.id });
  await harness.runToEnd();
  expect((await readRun(harness, run)).status).toBe('completed');
  const messages = await openai.beta.threads.messages.list(thread.id, { run_id: run.id });
  const [message] = messages.data;
  expect(message && (await render(openai, message))).toBe(rendered);
});

test('streamed, the SDK builds the same message, and the deltas have the citations', async () => {
  const { harness, openai, assistant } = await openBot();
  harness.chat.respondWith(...answer);
  const stream = openai.beta.threads.createAndRunStream({
    assistant_id: assistant.id,
    thread: { messages: [{ role: 'user', content: 'Oslo? Vacation?' }] },
  });
  const cited: string[] = [];
  let text = '';
  stream.on('textDelta', (delta) => {
    text += delta.value ?? '';
    for (const annotation of delta.annotations ?? []) {
      if (annotation.type === 'file_citation') cited.push(annotation.text ?? '');
    }
  });
  const searches: string[] = [];
  stream.on('toolCallDone', (call) => searches.push(call.type));
  await stream.emitted('event');
  await harness.runToEnd();
  const [message] = await stream.finalMessages();
  expect(message && (await render(openai, message))).toBe(rendered);
  expect(message?.content[0]).toMatchObject({ text: { value: text } });
  expect(cited).toEqual(['【0:0†office.md】', '【1:0†vacation.md】']);
  expect(searches).toEqual(['file_search', 'file_search']);
});

test('a file that the user attaches is searched in the thread’s own store, besides the assistant’s', async () => {
  const { harness, openai, assistant } = await openBot();
  const file = await openai.files.create({
    file: new File(['The office in Paris opens at 9.'], 'paris.txt'),
    purpose: 'assistants',
  });
  const thread = await openai.beta.threads.create({
    messages: [
      {
        role: 'user',
        content: 'Paris?',
        attachments: [{ file_id: file.id, tools: [{ type: 'file_search' }] }],
      },
    ],
  });
  harness.chat.respondWith(
    { calls: [toolCall('file_search', { query: 'office Paris' })] },
    { text: 'At 9【1】.' },
  );
  const run = await openai.beta.threads.runs.create(thread.id, { assistant_id: assistant.id });
  await harness.runToEnd();
  expect((await readRun(harness, run)).status).toBe('completed');
  const [message] = (await openai.beta.threads.messages.list(thread.id)).data;
  expect(message && (await render(openai, message))).toBe('At 9[0].\n[0] paris.txt');
});

test('after the vector store is deleted, a run that searches fails and says why', async () => {
  const { harness, openai, assistant, store } = await openBot();
  await openai.vectorStores.delete(store.id);
  await apiErrorOf(openai.vectorStores.retrieve(store.id));
  harness.chat.respondWith({ calls: [toolCall('file_search', { query: 'vacation' })] });
  const run = await openai.beta.threads.createAndRun({
    assistant_id: assistant.id,
    thread: { messages: [{ role: 'user', content: 'Vacation?' }] },
  });
  await harness.runToEnd();
  const { last_error } = await readRun(harness, run);
  expect(last_error?.message).toMatch(/^The files of the run could not be searched: .*vs_/u);
});
