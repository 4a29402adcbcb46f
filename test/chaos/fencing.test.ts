import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import OpenAI from 'openai';
import { expect, onTestFinished, test } from 'vitest';
import { temporary } from '../support/temporary-files.ts';
import { listen } from '../support/loopback-server.ts';
import { createRun, readMessages, readRun, readSteps, textOf } from '../support/conversation.ts';
import { createGate, createUpstream } from '../support/upstream.ts';
import { textMessage } from '../support/upstream-items.ts';

const program = fileURLToPath(new URL('../../chaos/worker.ts', import.meta.url));
/** How long the takeover takes; long enough for a busy machine to renew a lease in time. */
const leaseMs = 2000;

const maxPolls = 500;
const logTimeoutMs = 15_000;

/** A worker process on a database, and an SDK client for it. */
async function startProcess(database: string, baseURL: string) {
  const child = spawn(process.execPath, [program, database, baseURL, String(leaseMs)]);
  onTestFinished(() => void child.kill('SIGKILL'));
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [port] = await once(child.stdout.setEncoding('utf8'), 'data');
  const url = `http://127.0.0.1:${String(port).trim()}/v1`;
  return {
    openai: new OpenAI({ apiKey: 'none', baseURL: url, maxRetries: 0 }),
    signal: (name: NodeJS.Signals) => void child.kill(name),
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

type Client = Parameters<typeof readRun>[0];

/** Polls the run through a process until it has the status. */
async function waitForStatus(client: Client, run: Parameters<typeof readRun>[1], status: string) {
  for (let poll = 0; poll < maxPolls; poll += 1) {
    const current = await readRun(client, run);
    if (current.status === status) return;
    await setTimeout(20);
  }
  throw new Error(`run ${run.id} was not ${status} after ${maxPolls} polls`);
}

/** Stops a process in the middle of a message, and waits until another has taken over its run. */
async function startTakeover() {
  const [first, second] = [createGate(), createGate()];
  const before = 'response.output_text.done';
  const upstream = createUpstream({ apiKey: null, defaultTurn: () => ({}) });
  upstream.respondWith({ output: [textMessage('From the first.')], gate: first, before });
  upstream.respondWith({ output: [textMessage('From the second.')], gate: second, before });
  const endpoint = await listen((request) => upstream.fetch(request));
  const database = temporary();
  const one = await startProcess(database, `${endpoint}/v1`);
  const created = await createRun(one);
  await first.reached;
  one.signal('SIGSTOP');
  const other = await startProcess(database, `${endpoint}/v1`);
  await second.reached;
  const readAll = async () => [
    await readRun(other, created.run),
    await readMessages(other, created.thread_id),
    await readSteps(other, created.run),
  ];
  const waitForEnd = () => waitForStatus(other, created.run, 'completed');
  return { upstream, one, other, first, second, readAll, waitForEnd, ...created };
}

test.skipIf(process.platform === 'win32')(
  'a process that resumes after its run was completed elsewhere changes nothing',
  async () => {
    const { one, other, first, second, readAll, waitForEnd, ...created } = await startTakeover();
    second.open();
    await waitForEnd();
    const finalState = await readAll();
    first.open();
    one.signal('SIGCONT');
    await one.waitForLog('run lease lost');
    expect(await readAll()).toEqual(finalState);
    const messages = await readMessages(other, created.thread_id);
    expect(messages.map(textOf)).toEqual(['Weather in Oslo?', 'From the second.']);
    const { thread_id, assistant_id } = created;
    const next = await one.openai.beta.threads.runs.create(thread_id, { assistant_id });
    await waitForStatus(one, next, 'completed');
    expect(created.upstream.requests).toHaveLength(3);
  },
);

test.skipIf(process.platform === 'win32')(
  'a process that resumes while another executes its run changes nothing',
  async () => {
    const { one, other, first, second, readAll, waitForEnd, thread_id, run } =
      await startTakeover();
    const stateBefore = await readAll();
    first.open();
    one.signal('SIGCONT');
    await one.waitForLog('run lease lost');
    expect(await readAll()).toEqual(stateBefore);
    second.open();
    await waitForEnd();
    const messages = await readMessages(other, thread_id);
    expect(messages.map(textOf)).toEqual(['Weather in Oslo?', 'From the second.']);
    expect(await readSteps(other, run)).toHaveLength(1);
  },
);
