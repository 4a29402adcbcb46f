import { setTimeout } from 'node:timers/promises';
import { type Client, type Run, runObject, type RunPlace } from './client.ts';
import type { Plan } from './plan.ts';

/** What the servers have said yes to. */
export interface Accepted {
  /** Runs by the key of their plan. */
  readonly runs: Map<string, RunPlace>;
  /** Messages: id and thread. */
  readonly messages: Map<string, string>;
}

export const isOver = (status: string): boolean =>
  ['completed', 'failed', 'cancelled', 'incomplete', 'expired'].includes(status);

const pollInterval = 40;

/** The run that a stream tells of, once the stream is over or broken off. */
async function readStream(text: ReadableStream<Uint8Array>): Promise<RunPlace | null> {
  let told = '';
  try {
    for await (const chunk of text.pipeThrough(new TextDecoderStream())) told += chunk;
  } catch {
    // The process died.
  }
  const data = /event: thread\.run\.created\ndata: (.*)\n/u.exec(told)?.[1];
  return data === undefined ? null : runObject.parse(JSON.parse(data));
}

const readRun = (answer: Response): Promise<RunPlace | null> =>
  answer.json().then(
    (body) => runObject.parse(body),
    () => null,
  );

/** Sets a run going, on a new thread where there is none; null when nobody answered. */
export async function begin(
  client: Client,
  { key, streams }: Plan,
  assistant_id: string,
  thread_id: string | null,
): Promise<RunPlace | null> {
  const message = { role: 'user', content: `key ${key}` };
  const asked = { assistant_id, metadata: { key }, stream: streams };
  const answer =
    thread_id === null
      ? await client.send('POST', '/threads/runs', { ...asked, thread: { messages: [message] } })
      : await client.send('POST', `/threads/${thread_id}/runs`, {
          ...asked,
          additional_messages: [message],
        });
  if (answer?.status !== 200 || answer.body === null) return null;
  return streams ? readStream(answer.body) : readRun(answer);
}

/** Waits for somebody to be killed; gives how the run stands afterwards, which is to be as before. */
async function hold(client: Client, run: Run, released: Promise<void>): Promise<string> {
  await released;
  let now = await client.look(run);
  while (now === null) now = await client.look(run);
  return now.status;
}

/** Follows a run to its end, doing what its plan says; gives what was wrong on the way. */
export async function follow(
  client: Client,
  run: RunPlace,
  { cancelAfter, holds }: Plan,
  released: Promise<void>,
): Promise<string[]> {
  if (cancelAfter !== null) {
    await setTimeout(cancelAfter);
    await client.ask('POST', `/threads/${run.thread_id}/runs/${run.id}/cancel`);
  }
  const complaints: string[] = [];
  for (;;) {
    const now = await client.look(run);
    if (now !== null && isOver(now.status)) return complaints;
    if (now?.status === 'requires_action') {
      const status = holds && cancelAfter === null ? await hold(client, now, released) : now.status;
      if (status !== now.status) complaints.push(`${run.id} did not wait, it is ${status}`);
      await client.submit(now);
    }
    await setTimeout(pollInterval);
  }
}
