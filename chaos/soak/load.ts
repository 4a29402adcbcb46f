import { setTimeout } from 'node:timers/promises';
import * as z from 'zod';
import type { Random } from '../random.ts';
import type { HostileInput } from './hostile-inputs.ts';
import { replyTo } from './model.ts';
import type { CallTool, SoakServer } from './programs.ts';

const withId = z.looseObject({ id: z.string() });
const runObject = z.looseObject({ id: z.string(), thread_id: z.string(), status: z.string() });
const list = z.looseObject({ data: z.array(z.unknown()) });

const pollPauseMs = 10;
const thinkMs = 20;
const hostilePercent = 5;

/** Runs an assistant on a new thread and checks the reply. */
export type InnocentCall = (key: string) => Promise<void>;

function checkReply(key: string, status: string, messages: unknown): void {
  if (status !== 'completed') throw new Error(`run ${status}`);
  const [reply] = list.parse(messages).data;
  if (!JSON.stringify(reply).includes(replyTo(key))) throw new Error('another reply');
}

const threadOf = (key: string) => ({ messages: [{ role: 'user', content: `key ${key}` }] });

async function readJson(response: Response): Promise<unknown> {
  if (!response.ok) throw new Error(`${response.status} ${(await response.text()).slice(0, 300)}`);
  return response.json();
}

/** Creates an assistant by REST. */
export const createAssistant = async (server: SoakServer): Promise<string> =>
  withId.parse(await readJson(await server.rest('POST', '/v1/assistants', '{"model":"soak"}'))).id;

export const restCall =
  (server: SoakServer, assistant_id: string): InnocentCall =>
  async (key) => {
    const body = JSON.stringify({ assistant_id, thread: threadOf(key) });
    let run = runObject.parse(await readJson(await server.rest('POST', '/v1/threads/runs', body)));
    const path = `/v1/threads/${run.thread_id}`;
    while (run.status === 'queued' || run.status === 'in_progress') {
      await setTimeout(pollPauseMs);
      run = runObject.parse(await readJson(await server.rest('GET', `${path}/runs/${run.id}`)));
    }
    checkReply(
      key,
      run.status,
      await readJson(await server.rest('GET', `${path}/messages?limit=1`)),
    );
  };

export const toolCall =
  (callTool: CallTool, assistant_id: string): InnocentCall =>
  async (key) => {
    const args = { assistant_id, thread: threadOf(key) };
    const { thread_id, status } = runObject.parse(await callTool('create_thread_and_run', args));
    checkReply(key, status, await callTool('list_messages', { thread_id, limit: 1 }));
  };

/** One client: its innocent calls, and hostile ones between them. */
export interface Client {
  readonly name: string;
  readonly call: InnocentCall;
  readonly hostile: readonly HostileInput[];
}

export interface Samples {
  readonly latenciesMs: number[];
  hostileCalls: number;
}

export interface LoadOptions {
  readonly random: Random;
  readonly isHostile: boolean;
  readonly until: number;
  /** A new key for each call. */
  readonly newKey: () => string;
  readonly onLost: (key: string, error: unknown) => void;
}

/** Makes calls until the window ends. */
export async function load(client: Client, samples: Samples, options: LoadOptions): Promise<void> {
  const { random, isHostile, until, newKey, onLost } = options;
  while (performance.now() < until) {
    const input = client.hostile[random.integerBelow(client.hostile.length)];
    if (isHostile && input !== undefined && random.chance(hostilePercent)) {
      samples.hostileCalls += 1;
      // Whether it succeeds does not matter; a run with a fault may be retried beyond the window.
      const sent = input(newKey()).catch(() => {});
      await Promise.race([sent, setTimeout(Math.max(0, until - performance.now()))]);
    }
    const key = newKey();
    const startedAt = performance.now();
    try {
      await client.call(key);
      samples.latenciesMs.push(performance.now() - startedAt);
    } catch (error) {
      onLost(key, error);
    }
    await setTimeout(thinkMs);
  }
}
