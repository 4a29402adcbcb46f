import type OpenAI from 'openai';
import * as z from 'zod';
import type { ChatRequest } from './chat-request.ts';
import { createChatUpstream } from './chat-upstream.ts';
import { readMessages, textOf } from './conversation.ts';
import { type Harness, type HarnessOptions, setup } from './engine.ts';

const handbook = [
  'Employees have 28 days of vacation in a year.',
  'Sick leave: call your manager before 9 o’clock.',
  'The office in Oslo opens at 8 and closes at 17.',
].join('\n\n');

/** An engine whose model endpoint has Chat Completions and vector stores, with one file in a store. */
export async function setupSearch(options: HarnessOptions = {}, content = handbook) {
  const upstream = createChatUpstream({ apiKey: 'sk-test-0123456789abcdefghij' });
  const harness = await setup({ model: 'chat', endpoint: upstream, ...options });
  harness.storage.addFile('file-handbook', content, 'handbook.txt');
  const response = await harness.storage.fetch(
    new Request('http://model/v1/vector_stores', {
      method: 'POST',
      headers: { authorization: 'Bearer sk-test-0123456789abcdefghij' },
      body: JSON.stringify({ file_ids: ['file-handbook'] }),
    }),
  );
  const { id: store } = z.object({ id: z.string() }).parse(await response.json());
  const searching = {
    tools: [{ type: 'file_search' }],
    tool_resources: { file_search: { vector_store_ids: [store] } },
  } satisfies Partial<OpenAI.Beta.AssistantCreateParams>;
  return { ...harness, chat: upstream, store, searching };
}

export type SearchHarness = Awaited<ReturnType<typeof setupSearch>>;

/** Creates an assistant that searches the store, and a thread with a question. */
export async function ask(
  { openai, searching }: Pick<SearchHarness, 'openai' | 'searching'>,
  question: string,
  {
    tools = searching.tools,
    ...run
  }: Partial<OpenAI.Beta.Threads.RunCreateParamsNonStreaming> = {},
) {
  const { id: assistant_id } = await openai.beta.assistants.create({
    model: 'llama-3.3',
    ...searching,
    tools: tools ?? [],
  });
  const { id } = await openai.beta.threads.create({
    messages: [{ role: 'user', content: question }],
  });
  return openai.beta.threads.runs.create(id, { assistant_id, ...run });
}

/** The texts of a request's tool messages. */
export const toolTexts = ({ messages }: ChatRequest): string[] =>
  messages.flatMap((message) => (message.role === 'tool' ? [message.content] : []));

/** The text of the thread's last message. */
export async function lastText(harness: Pick<Harness, 'openai'>, thread_id: string) {
  const message = (await readMessages(harness, thread_id)).at(-1);
  return message === undefined ? null : textOf(message);
}

/** The search calls of a run's steps, in order. */
export async function searchCalls(
  { openai }: Pick<Harness, 'openai'>,
  { id, thread_id }: OpenAI.Beta.Threads.Run,
) {
  const { data } = await openai.beta.threads.runs.steps.list(id, {
    thread_id,
    order: 'asc',
    include: ['step_details.tool_calls[*].file_search.results[*].content'],
  });
  return data.flatMap(({ step_details: details }) =>
    details.type === 'tool_calls'
      ? details.tool_calls.flatMap((call) =>
          call.type === 'file_search' ? [call.file_search] : [],
        )
      : [],
  );
}
