import { expect, test } from 'vitest';
import { startEngine, waitForStatus } from '../support/started-engine.ts';
import { temporary } from '../support/temporary-files.ts';
import { listen } from '../support/loopback-server.ts';
import { createRun, readMessages, readRun, readSteps, textOf } from '../support/conversation.ts';
import { createGate, createUpstream } from '../support/upstream.ts';
import { textMessage } from '../support/upstream-items.ts';

/** How long the takeover takes; long enough for a busy machine to renew a lease in time. */
const leaseMs = 2000;

/** Stops a process in the middle of a message, and waits until another has taken over its run. */
async function startTakeover() {
  const [first, second] = [createGate(), createGate()];
  const before = 'response.output_text.done';
  const upstream = createUpstream({ apiKey: null, defaultTurn: () => ({}) });
  upstream.respondWith({ output: [textMessage('From the first.')], gate: first, before });
  upstream.respondWith({ output: [textMessage('From the second.')], gate: second, before });
  const endpoint = await listen((request) => upstream.fetch(request));
  const database = temporary();
  const one = await startEngine({ database, baseURL: `${endpoint}/v1`, leaseMs });
  const created = await createRun(one);
  await first.reached;
  one.signal('SIGSTOP');
  const other = await startEngine({ database, baseURL: `${endpoint}/v1`, leaseMs });
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
