import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { waitUntil } from '../support/clock.ts';
import {
  apiErrorOf,
  createAssistant,
  createThread,
  readMessages,
} from '../support/conversation.ts';
import { type RunningServe, sdkFor, startServe } from '../support/serve.ts';

/** A thread whose run waits for outputs until it is cancelled. */
async function serveWithRun() {
  const served = await startServe();
  const openai = sdkFor(served);
  const { id: assistant_id } = await createAssistant({ openai });
  const { id: thread_id } = await createThread({ openai });
  const run = await openai.beta.threads.runs.createAndPoll(thread_id, { assistant_id });
  expect(run.status).toBe('requires_action');
  const addMessage = (content: string, client = openai) => {
    const headers = { Prefer: 'respond-async, WAIT = "60"' };
    return client.beta.threads.messages.create(thread_id, { role: 'user', content }, { headers });
  };
  const cancel = () => openai.beta.threads.runs.cancel(run.id, { thread_id });
  return { served, openai, thread_id, addMessage, cancel };
}

const isAnswered = (served: RunningServe, status: number) => () =>
  served.lines().some((line) => line.message === 'request answered' && line['status'] === status);

test('a message waits for the end of a run, over a real connection', async () => {
  const { addMessage, cancel } = await serveWithRun();
  const added = addMessage('Second.').withResponse();
  await cancel();
  const { response } = await added;
  expect([response.status, response.headers.get('preference-applied')]).toEqual([200, 'wait']);
});

test('a client that disconnects gives up its place', async () => {
  const { served, openai, thread_id, addMessage, cancel } = await serveWithRun();
  const socket = connect(served.port, '127.0.0.1');
  await once(socket, 'connect');
  const body = JSON.stringify({ role: 'user', content: 'Abandoned.' });
  const lines = [
    `POST /v1/threads/${thread_id}/messages HTTP/1.1`,
    'Host: localhost',
    'Prefer: wait=60',
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
  ];
  await new Promise((resolve) => socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`, resolve));
  const added = addMessage('Second.');
  socket.destroy();
  await waitUntil(isAnswered(served, 499));
  await cancel();
  await added;
  const messages = await readMessages({ openai }, thread_id);
  expect(messages.map(({ content }) => content[0])).toMatchObject([
    { text: { value: 'Weather in Oslo?' } },
    { text: { value: 'Second.' } },
  ]);
});

test('a server that shuts down answers at once', async () => {
  const { served, addMessage } = await serveWithRun();
  const refused = apiErrorOf(addMessage('Second.'));
  // The order of arrival is the order of the answers.
  await fetch(`${served.url}/v1/assistants`);
  const stopped = served.stop();
  expect((await refused).status).toBe(503);
  await stopped;
});

test('the SDK sends a request again that a shutdown refused', async () => {
  const { served, addMessage } = await serveWithRun();
  const statuses: number[] = [];
  const client = sdkFor(served, {
    maxRetries: 1,
    fetch: async (input, init) => {
      if (statuses.length > 0) return Response.json({ id: 'msg_after_restart' });
      const response = await fetch(input, init);
      statuses.push(response.status);
      return response;
    },
  });
  const added = addMessage('Second.', client);
  await fetch(`${served.url}/v1/assistants`);
  const stopped = served.stop();
  expect((await added).id).toBe('msg_after_restart');
  expect(statuses).toEqual([503]);
  await stopped;
});
