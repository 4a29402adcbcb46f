import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import OpenAI from 'openai';
import { onTestFinished } from 'vitest';
import { readRun } from './conversation.ts';
import { type EngineProcessOptions, spawnEngine } from './engine-process.ts';

/** Longer than a lease, after which another process takes a run over. */
const maxPolls = 1500;
const logTimeoutMs = 15_000;

export type StartedEngine = Awaited<ReturnType<typeof startEngine>>;

/** Starts a process with an engine for the current test, and an SDK client for it. */
export async function startEngine(options: EngineProcessOptions) {
  const child = spawnEngine(options);
  onTestFinished(() => void child.kill('SIGKILL'));
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [port] = await once(child.stdout.setEncoding('utf8'), 'data');
  const url = `http://127.0.0.1:${String(port).trim()}/v1`;
  return {
    openai: new OpenAI({ apiKey: 'none', baseURL: url, maxRetries: 0 }),
    signal: (name: NodeJS.Signals) => void child.kill(name),
    /** Blocks the main thread; see engine-process-main.ts. */
    async stall() {
      const stalled = once(child.stdout, 'data');
      child.kill('SIGUSR2');
      await stalled;
    },
    waitForLog: async (text: string) => {
      const signal = AbortSignal.timeout(logTimeoutMs);
      while (!stderr.includes(text)) {
        await once(child.stderr, 'data', { signal }).catch(() => {
          throw new Error(`the process did not log '${text}' within ${logTimeoutMs} ms: ${stderr}`);
        });
      }
    },
  };
}

/** Polls the run through a process until it has the status. */
export async function waitForStatus(
  client: Pick<StartedEngine, 'openai'>,
  run: Parameters<typeof readRun>[1],
  status: string,
) {
  for (let poll = 0; poll < maxPolls; poll += 1) {
    const current = await readRun(client, run);
    if (current.status === status) return current;
    await setTimeout(20);
  }
  throw new Error(`run ${run.id} was not ${status} after ${maxPolls} polls`);
}
