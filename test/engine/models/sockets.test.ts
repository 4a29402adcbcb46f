import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { expect, onTestFinished, test } from 'vitest';
import { eventLoopTurn, waitUntil } from '../../support/clock.ts';
import { createChatUpstream } from '../../support/chat-upstream.ts';
import { setup } from '../../support/engine.ts';
import { createRun, readMessages, readRun, textOf } from '../../support/conversation.ts';
import { createGate } from '../../support/upstream.ts';

/** A server of Chat Completions on a real socket, and an engine that is to find out what it is. */
async function connect() {
  const upstream = createChatUpstream();
  const signals: AbortSignal[] = [];
  let connections = 0;
  const answer = (request: Request) => {
    signals.push(request.signal);
    return upstream.fetch(request, { signal: request.signal });
  };
  const server = createServer(getRequestListener(answer));
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
  const endpoint = { fetch: globalThis.fetch, refusals: upstream.refusals };
  const harness = await setup({ model: 'auto', baseURL: `http://127.0.0.1:${port}/v1`, endpoint });
  return { harness, upstream, signals, connections: () => connections };
}

test('runs use the connections that are there', async () => {
  const { harness, upstream, connections } = await connect();
  for (const said of ['Snow. ❄️', 'Rain. 🌧️', 'Sun. ☀️', 'Fog. 🌫️']) {
    upstream.respondWith({ text: said });
    const { run, thread_id } = await createRun(harness);
    await harness.runToEnd();
    expect((await readRun(harness, run)).last_error).toBeNull();
    expect((await readMessages(harness, thread_id)).map(textOf)).toContain(said);
    await eventLoopTurn(50);
  }
  // The question for Responses and the first call come too close for one.
  expect(connections()).toBeLessThanOrEqual(2);
});

test('a run that is cancelled hangs up', async () => {
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
