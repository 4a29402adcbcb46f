import type OpenAI from 'openai';
import { saveFile } from '../data/save-file.ts';

/** Everything of a thread as JSON Lines, in the form that `assistants-mcp import` reads. */
async function readLines(openai: OpenAI, thread_id: string): Promise<string[]> {
  const { threads } = openai.beta;
  const objects: object[] = [await threads.retrieve(thread_id)];
  const order = { order: 'asc', limit: 100 } as const;
  for await (const message of threads.messages.list(thread_id, order)) objects.push(message);
  for await (const run of threads.runs.list(thread_id, order)) {
    objects.push(run);
    const query = { thread_id, ...order };
    for await (const step of threads.runs.steps.list(run.id, query)) objects.push(step);
  }
  return objects.map((object) => JSON.stringify(object));
}

/** Saves a thread to a file. */
export async function exportThread(openai: OpenAI, thread_id: string): Promise<void> {
  const lines = await readLines(openai, thread_id);
  const bytes = new Blob([`${lines.join('\n')}\n`], { type: 'application/x-ndjson' });
  saveFile(bytes, `${thread_id}.jsonl`);
}
