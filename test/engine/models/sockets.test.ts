import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { expect, onTestFinished, test } from 'vitest';
import { eventLoopTurn, waitUntil } from '../../support/clock.ts';
import { createChatUpstream } from '../../support/chat-upstream.ts';
import { setup } from '../../support/engine.ts';
import { createRun, readMessages, readRun, textOf } from '../../support/conversation.ts';
import { createGate } from '../../support/upstream.ts';

/** A server of Chat Completions on a real socket, and an engine that detects its API. */
async function connect() {
  const upstream = createChatUpstream();
  const signals: AbortSignal[] = [];
  let connections = 0;
  const respond = (request: Request) => {
    signals.push(request.signal);
    return upstream.fetch(request, { signal: request.signal });
  };
  const server = createServer(getRequestListener(respond));
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((listening) => {
    server.listen(0, '127.0.0.1', listening);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port
  const { port } = server.address() as AddressInfo;
  const endpoint = { fetch: globalThis.fetch, rejections: upstream.rejections };
  const harness = await setup({ model: 'auto', baseURL: `http://127.0.0.1:${port}/v1`, endpoint });
  return { harness, upstream, signals, connections: () => connections };
}

test('runs reuse open connections to the model endpoint', async () => {
  const { harness, upstream, connections } = await connect();
  for (const text of ['Snow. ❄️', 'Rain. 🌧️', 'Sun. ☀️', 'Fog. 🌫️']) {
    upstream.respondWith({ text });
    const { run, thread_id } = await createRun(harness);
    await harness.runToEnd();
    expect((await readRun(harness, run)).last_error).toBeNull();
    expect((await readMessages(harness, thread_id)).map(textOf)).toContain(text);
    await eventLoopTurn(50);
  }
  // The request to /responses and the first chat call may overlap.
  expect(connections()).toBeLessThanOrEqual(2);
});

test('cancelling a run aborts its request to the model endpoint', async () => {
  const { harness, upstream, signals } = await connect();
  const gate = createGate();
  upstream.respondWith({ text: 'It is cold and', gate });
  const { run, thread_id } = await createRun(harness);
  await harness.engine.tick();
  await gate.reached;
  await harness.openai.beta.threads.runs.cancel(run.id, { thread_id });
  await waitUntil(() => signals.at(-1)?.aborted === true);
  await harness.engine.idle();
  expect((await readRun(harness, run)).status).toBe('cancelled');
});
