import { createAssistant, readRun } from './conversation.ts';
import { setup, type Harness, type HarnessOptions } from './engine.ts';
import type { Turn } from './upstream.ts';

/** A model turn in which the endpoint rejects the prompt. */
export const rejection = (message: string, error: object = {}, status = 400): Turn => ({
  http: { status, error: { message, ...error } },
});

/** A run on messages of 205 tokens each. */
export async function createLongRun(harness: Harness, model: string, count = 100) {
  const { id: assistant_id } = await createAssistant(harness, { model, tools: [] });
  const messages = Array.from({ length: count }, (_, index) => ({
    role: 'user' as const,
    content: `${index}:${' word'.repeat(198)}`,
  }));
  const thread = await harness.openai.beta.threads.create({ messages });
  return harness.openai.beta.threads.runs.create(thread.id, { assistant_id });
}

/** The number of messages in each request. */
export const messageCounts = ({ upstream }: Harness) =>
  upstream.requests.map(({ body }) => body.input.length);

/** A run on a hundred messages of 205 tokens each, with these model turns. */
export async function runAfter(turns: readonly Turn[], options: HarnessOptions = {}) {
  const harness = await setup(options);
  harness.upstream.respondWith(...turns);
  const run = await createLongRun(harness, 'local-model');
  await harness.runToEnd();
  return { harness, run: await readRun(harness, run) };
}
