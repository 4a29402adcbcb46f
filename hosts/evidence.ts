import { isDeepStrictEqual } from 'node:util';
import OpenAI from 'openai';
import * as z from 'zod';
import { question } from './weather.ts';

const withId = z.looseObject({ id: z.string() });
const list = z.object({ data: z.array(withId) });

function onlyOne<T>(items: readonly T[], what: string): T {
  const [item, ...others] = items;
  if (item !== undefined && others.length === 0) return item;
  throw new Error(`The database has ${items.length} ${what}.`);
}

const textOf = ({ content }: OpenAI.Beta.Threads.Message): string =>
  content.map((part) => (part.type === 'text' ? part.text.value : '')).join('');

/** The texts and attached files of the messages, oldest first. */
async function readMessages(openai: OpenAI, threadId: string) {
  const { data } = await openai.beta.threads.messages.list(threadId, { order: 'asc' });
  return data.map((message) => ({
    text: textOf(message),
    files: (message.attachments ?? []).length,
  }));
}

async function checkThread(openai: OpenAI, threadId: string, weather: string): Promise<void> {
  const runs = await openai.beta.threads.runs.list(threadId);
  const { id: runId, status } = onlyOne(runs.data, 'runs');
  const steps = await openai.beta.threads.runs.steps.list(runId, { thread_id: threadId });
  const found = {
    status,
    steps: steps.data.map(({ type }) => type).toReversed(),
    messages: await readMessages(openai, threadId),
  };
  const expected = {
    status: 'completed',
    steps: ['tool_calls', 'message_creation'],
    messages: [
      { text: question, files: 1 },
      { text: `The tools said: ${weather}`, files: 0 },
    ],
  };
  if (!isDeepStrictEqual(found, expected)) {
    throw new Error(`The database has ${JSON.stringify(found)}.`);
  }
}

/** Rejects unless the database behind a server has exactly one thread, whose run did the job. */
export async function checkEvidence(
  baseURL: string,
  token: string,
  weather: string,
): Promise<void> {
  const openai = new OpenAI({ baseURL, apiKey: token, maxRetries: 0 });
  const threads = list.parse(await openai.get('/threads'));
  const { id } = onlyOne(threads.data, 'threads');
  await checkThread(openai, id, weather);
}
