import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import OpenAI from 'openai';
import { expect, onTestFinished, test } from 'vitest';
import { temporary } from '../support/temporary-files.ts';
import { listen } from '../support/loopback-server.ts';
import { createRun, readMessages, readRun, readSteps, textOf } from '../support/conversation.ts';
import { createGate, createUpstream } from '../support/upstream.ts';
import { textMessage } from '../support/upstream-items.ts';

const program = fileURLToPath(new URL('../../chaos/worker.ts', import.meta.url));
/** Milliseconds. */
const lease = '400';

/** A process on a database of its own, with the SDK in front of it. */
async function startProcess(database: string, baseURL: string) {
  const child = spawn(process.execPath, [program, database, baseURL, lease]);
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const [port] = await once(child.stdout.setEncoding('utf8'), 'data');
  const url = `http://127.0.0.1:${String(port).trim()}/v1`;
  return {
    openai: new OpenAI({ apiKey: 'none', baseURL: url, maxRetries: 0 }),
    signal: (name: NodeJS.Signals) => void child.kill(name),
    logged: async (text: string) => {
      while (!said.includes(text)) await once(child.stderr, 'data');
    },
  };
}

/** A process that is stopped in the middle of a message, and another that has taken its run. */
async function takenOver() {
  const [first, second] = [createGate(), createGate()];
  const before = 'response.output_text.done';
  const upstream = createUpstream({ apiKey: null, defaultTurn: () => ({}) });
  upstream.respondWith({ output: [textMessage('From the first.')], gate: first, before });
  upstream.respondWith({ output: [textMessage('From the second.')], gate: second, before });
  const endpoint = await listen((request) => upstream.fetch(request));
  const database = temporary();
  const one = await startProcess(database, `${endpoint}/v1`);
  const made = await createRun(one);
  await first.reached;
  one.signal('SIGSTOP');
  const other = await startProcess(database, `${endpoint}/v1`);
  await second.reached;
  const look = async () => [
    await readRun(other, made.run),
    await readMessages(other, made.thread_id),
    await readSteps(other, made.run),
  ];
  const isOver = async () => (await readRun(other, made.run)).status === 'completed';
  return { upstream, one, other, first, second, look, isOver, ...made };
}

test.skipIf(process.platform === 'win32')(
  'a process that wakes up when its run is over changes nothing',
  async () => {
    const { one, other, first, second, look, isOver, ...made } = await takenOver();
    second.open();
    while (!(await isOver()));
    const ended = await look();
    first.open();
    one.signal('SIGCONT');
    await one.logged('run lease lost');
    expect(await look()).toEqual(ended);
    const messages = await readMessages(other, made.thread_id);
    expect(messages.map(textOf)).toEqual(['Weather in Oslo?', 'From the second.']);
    const { thread_id, assistant_id } = made;
    const next = await one.openai.beta.threads.runs.create(thread_id, { assistant_id });
    while ((await readRun(one, next)).status !== 'completed');
    expect(made.upstream.requests).toHaveLength(3);
  },
);

test.skipIf(process.platform === 'win32')(
  'a process that wakes up while another is at its run changes nothing',
  async () => {
    const { one, other, first, second, look, isOver, thread_id, run } = await takenOver();
    const midst = await look();
    first.open();
    one.signal('SIGCONT');
    await one.logged('run lease lost');
    expect(await look()).toEqual(midst);
    second.open();
    while (!(await isOver()));
    const messages = await readMessages(other, thread_id);
    expect(messages.map(textOf)).toEqual(['Weather in Oslo?', 'From the second.']);
    expect(await readSteps(other, run)).toHaveLength(1);
  },
);
