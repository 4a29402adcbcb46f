import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { APIError } from 'openai';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Clock, systemClock } from '../../src/shared/clock.ts';
import { eventLoopTurn } from '../support/clock.ts';
import { startProxy } from '../support/proxy.ts';
import { sdkFor, startServe } from '../support/serve.ts';

/** A clock on which whatever the program waits for at its end takes no time. */
const hurried: Clock = {
  now: () => systemClock.now(),
  sleep: (ms, signal) =>
    [3500, 1500, 500].includes(ms) ? Promise.resolve() : systemClock.sleep(ms, signal),
};

describe('at its end', () => {
  test('it takes no more, and closes the connections that nobody uses', async () => {
    const served = await startServe();
    const { url } = served;
    await fetch(`${url}/v1/assistants`);
    await served.stop();
    await expect(fetch(`${url}/v1/assistants`)).rejects.toThrow('fetch failed');
  });

  test('an answer under way comes to its end, and its connection with it', async () => {
    const { served, answer } = await startProxy((request) => void request.resume());
    const asking = fetch(`${served.url}/v1/models`);
    const writing = await answer;
    const stopped = served.stop();
    await eventLoopTurn();
    writing.writeHead(200, { 'content-type': 'application/json' }).end('{"late":true}');
    const late = await asking;
    expect(late.headers.get('connection')).toBe('close');
    expect(await late.json()).toEqual({ late: true });
    await stopped;
  });

  test('a stream under way comes to its end', async () => {
    const { served, answer } = await startProxy((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
    });
    const stream = await fetch(`${served.url}/v1/responses`, { method: 'POST', body: '{}' });
    const stopped = served.stop();
    (await answer).end('data: [DONE]\n\n');
    expect(await stream.text()).toBe('data: 1\n\ndata: [DONE]\n\n');
    await stopped;
  });

  test('a tool that waits for a run answers with the run as it is', async () => {
    const { served, answer } = await startProxy((request) => void request.resume());
    const { id: assistant_id } = await sdkFor(served).beta.assistants.create({ model: 'm' });
    const client = new Client({ name: 'test', version: '1' });
    await client.connect(new StreamableHTTPClientTransport(new URL(`${served.url}/mcp`)));
    const thread = { messages: [{ role: 'user', content: 'Hello.' }] };
    const called = client.callTool({
      name: 'create_thread_and_run',
      arguments: { assistant_id, thread },
    });
    await answer;
    const stopped = served.stop();
    expect((await called).structuredContent).toMatchObject({
      status: 'in_progress',
      next: expect.stringContaining('Call get_run'),
    });
    await client.close();
    await stopped;
  });

  test('what takes too long is cut off', async () => {
    const served = await startServe({ clock: hurried });
    const socket = connect(served.port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    socket.write('POST /v1/threads HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{');
    await once(socket, 'connect');
    await eventLoopTurn();
    await served.stop();
    expect(await text(socket).catch(() => 'reset')).toMatch(/^(?:|reset)$/u);
  });

  test('a stream of a run that goes on later is told so', async () => {
    const { served, answer } = await startProxy((request) => void request.resume(), {
      clock: hurried,
    });
    const openai = sdkFor(served);
    const { id: assistant_id } = await openai.beta.assistants.create({ model: 'gpt-4.1-mini' });
    const messages = [{ role: 'user' as const, content: 'Hello.' }];
    const stream = openai.beta.threads.createAndRunStream({ assistant_id, thread: { messages } });
    const events: string[] = [];
    stream.on('event', ({ event }) => void events.push(event));
    await answer;
    const ended = stream.done();
    await served.stop();
    await expect(ended).rejects.toThrow(APIError);
    expect(events.at(0)).toBe('thread.created');
    expect(events).toContain('thread.run.in_progress');
  });
});
