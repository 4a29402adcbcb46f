import { setTimeout } from 'node:timers/promises';
import { type Client, type Run, runObject, type RunIds } from './client.ts';
import type { Plan } from './plan.ts';

/** What the servers confirmed. */
export interface Accepted {
  /** Runs by the key of their plan. */
  readonly runs: Map<string, RunIds>;
  /** Thread ids by message id. */
  readonly messages: Map<string, string>;
}

export const isEnded = (status: string): boolean =>
  ['completed', 'failed', 'cancelled', 'incomplete', 'expired'].includes(status);

const pollIntervalMs = 40;

/** The created run of a stream, once the stream has ended or broken off. */
async function readStream(text: ReadableStream<Uint8Array>): Promise<RunIds | null> {
  let frames = '';
  try {
    for await (const chunk of text.pipeThrough(new TextDecoderStream())) frames += chunk;
  } catch {
    // The process was killed.
  }
  const data = /event: thread\.run\.created\ndata: (.*)\n/u.exec(frames)?.[1];
  return data === undefined ? null : runObject.parse(JSON.parse(data));
}

const readRun = (response: Response): Promise<RunIds | null> =>
  response.json().then(
    (body) => runObject.parse(body),
    () => null,
  );

/** Creates a run, on a new thread if `thread_id` is null; null if it was not confirmed. */
export async function createRun(
  client: Client,
  { key, streams }: Plan,
  assistant_id: string,
  thread_id: string | null,
): Promise<RunIds | null> {
  const message = { role: 'user', content: `key ${key}` };
  const params = { assistant_id, metadata: { key }, stream: streams };
  const response =
    thread_id === null
      ? await client.send('POST', '/threads/runs', { ...params, thread: { messages: [message] } })
      : await client.send('POST', `/threads/${thread_id}/runs`, {
          ...params,
          additional_messages: [message],
        });
  if (response?.status !== 200 || response.body === null) return null;
  return streams ? readStream(response.body) : readRun(response);
}

/** The run's status after this cycle's kills. */
async function statusAfterKills(
  client: Client,
  run: Run,
  killsDone: Promise<void>,
): Promise<string> {
  await killsDone;
  let current = await client.retrieveRun(run);
  while (current === null) current = await client.retrieveRun(run);
  return current.status;
}

/** Follows a run to its end as its plan says; resolves to violations. The caller sets the timeout. */
export async function followRun(
  client: Client,
  run: RunIds,
  { cancelAfterMs, submitsAfterKill }: Plan,
  killsDone: Promise<void>,
): Promise<string[]> {
  if (cancelAfterMs !== null) {
    await setTimeout(cancelAfterMs);
    await client.request('POST', `/threads/${run.thread_id}/runs/${run.id}/cancel`);
  }
  const violations: string[] = [];
  for (;;) {
    const current = await client.retrieveRun(run);
    if (current !== null && isEnded(current.status)) return violations;
    if (current?.status === 'requires_action') {
      const status =
        submitsAfterKill && cancelAfterMs === null
          ? await statusAfterKills(client, current, killsDone)
          : current.status;
      if (status !== current.status)
        violations.push(`${run.id} did not wait for its outputs but is ${status}`);
      await client.submitOutputs(current);
    }
    await setTimeout(pollIntervalMs);
  }
}
