import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { APIError } from 'openai';
import { describe, expect, onTestFinished, test } from 'vitest';
import { shutdownTimeoutsMs } from '../../src/server/server.ts';
import { createClock, eventLoopTurn, type ManualClock } from '../support/clock.ts';
import { startProxy } from '../support/proxy.ts';
import { type RunningServe, sdkFor, startServe } from '../support/serve.ts';

/** Stops the server and advances its clock through all timeouts of the shutdown. */
async function stopAfterTimeouts(served: RunningServe, clock: ManualClock): Promise<void> {
  const stopped = served.stop();
  for (const timeoutMs of Object.values(shutdownTimeoutsMs)) await clock.advance(timeoutMs);
  await stopped;
}

describe('a server that shuts down', () => {
  test('accepts no new connections and closes idle ones', async () => {
    const served = await startServe();
    const { url } = served;
    await fetch(`${url}/v1/assistants`);
    await served.stop();
    await expect(fetch(`${url}/v1/assistants`)).rejects.toThrow('fetch failed');
  });

  test('finishes a response in progress and closes its connection', async () => {
    const { served, firstResponse } = await startProxy((request) => void request.resume());
    const fetching = fetch(`${served.url}/v1/models`);
    const writing = await firstResponse;
    const stopped = served.stop();
    await eventLoopTurn();
    writing.writeHead(200, { 'content-type': 'application/json' }).end('{"late":true}');
    const response = await fetching;
    expect(response.headers.get('connection')).toBe('close');
    expect(await response.json()).toEqual({ late: true });
    await stopped;
  });

  test('finishes a stream in progress', async () => {
    const { served, firstResponse } = await startProxy((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
    });
    const stream = await fetch(`${served.url}/v1/responses`, { method: 'POST', body: '{}' });
    const stopped = served.stop();
    (await firstResponse).end('data: [DONE]\n\n');
    expect(await stream.text()).toBe('data: 1\n\ndata: [DONE]\n\n');
    await stopped;
  });

  test('answers a tool call that waits for a run with the unfinished run', async () => {
    const { served, firstResponse } = await startProxy((request) => void request.resume());
    const { id: assistant_id } = await sdkFor(served).beta.assistants.create({ model: 'm' });
    const client = new Client({ name: 'test', version: '1' });
    await client.connect(new StreamableHTTPClientTransport(new URL(`${served.url}/mcp`)));
    const thread = { messages: [{ role: 'user', content: 'Hello.' }] };
    const called = client.callTool({
      name: 'create_thread_and_run',
      arguments: { assistant_id, thread },
    });
    await firstResponse;
    const stopped = served.stop();
    expect((await called).structuredContent).toMatchObject({
      status: 'in_progress',
      next: expect.stringContaining('Call get_run'),
    });
    await client.close();
    await stopped;
  });

  test('closes the connection of a request that does not finish in time', async () => {
    const clock = createClock();
    const served = await startServe({ clock });
    const socket = connect(served.port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    socket.write('POST /v1/threads HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{');
    await once(socket, 'connect');
    await eventLoopTurn();
    await stopAfterTimeouts(served, clock);
    expect(await text(socket).catch(() => 'reset')).toMatch(/^(?:|reset)$/u);
  });

  test('ends the stream of an unfinished run with an error event', async () => {
    const clock = createClock();
    const { served, firstResponse } = await startProxy((request) => void request.resume(), {
      clock,
    });
    const openai = sdkFor(served);
    const { id: assistant_id } = await openai.beta.assistants.create({ model: 'gpt-4.1-mini' });
    const messages = [{ role: 'user' as const, content: 'Hello.' }];
    const stream = openai.beta.threads.createAndRunStream({ assistant_id, thread: { messages } });
    const events: string[] = [];
    stream.on('event', ({ event }) => void events.push(event));
    await firstResponse;
    // The stream may end before the server has stopped.
    const outcome = stream.done().catch((error: unknown) => error);
    await stopAfterTimeouts(served, clock);
    expect(await outcome).toBeInstanceOf(APIError);
    expect(events.at(0)).toBe('thread.created');
    expect(events).toContain('thread.run.in_progress');
  });
});
