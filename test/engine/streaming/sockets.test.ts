import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { waitUntil } from '../../support/clock.ts';
import { setupOverHttp, type HttpHarness } from '../../support/http.ts';
import { collect, eventData, deltaText, streamRun } from '../../support/run-stream.ts';
import { createAssistant, createThread, readMessages, textOf } from '../../support/conversation.ts';
import { createGate, type Turn } from '../../support/upstream.ts';
import { textMessage } from '../../support/upstream-items.ts';

const midText = { before: 'response.output_text.done' } as const;

/** Breaks the text into deltas of a thousand characters. */
const splitText: Turn['edit'] = (events) =>
  events.flatMap((event): typeof events =>
    event.type === 'response.output_text.delta'
      ? (event.delta.match(/.{1,1000}/gu) ?? []).map((delta) => ({ ...event, delta }))
      : [event],
  );

/** Starts a streamed run on its own socket, which is not read. */
async function startUnreadStream(harness: HttpHarness, instructions: string) {
  const { id: assistant_id } = await createAssistant(harness);
  const { id: thread_id } = await createThread(harness);
  const { hostname, port, host } = new URL(harness.url);
  const socket: Socket = connect(Number(port), hostname);
  onTestFinished(() => void socket.destroy());
  socket.pause();
  await once(socket, 'connect');
  const body = JSON.stringify({ assistant_id, instructions, stream: true });
  const head = [
    `POST /v1/threads/${thread_id}/runs HTTP/1.1`,
    `Host: ${host}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    'Connection: close',
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  return { socket, thread_id };
}

const runStatus = async (harness: HttpHarness, thread_id: string): Promise<string | undefined> => {
  const { data } = await harness.openai.beta.threads.runs.list(thread_id);
  return data[0]?.status;
};

test('one unread stream of 200 does not delay the others', async () => {
  const longText = 'x'.repeat(8_000_000);
  const gate = createGate(200);
  const harness = await setupOverHttp({
    argv: ['--concurrency', '200'],
    defaultTurn: ({ instructions }) => ({
      output: [textMessage(instructions === 'slow' ? longText : 'Hello.')],
      gate,
      before: 'response.output_item.added',
      edit: splitText,
    }),
  });
  const slow = await startUnreadStream(harness, 'slow');
  const others = await Promise.all(Array.from({ length: 199 }, () => streamRun(harness)));
  const collected = others.map(({ stream }) => collect(stream));
  await gate.reached;
  gate.open();
  for (const events of await Promise.all(collected)) {
    const [message] = eventData(events, 'thread.message.completed');
    expect(deltaText(events, message?.id ?? '')).toBe('Hello.');
    expect(eventData(events, 'thread.run.completed')).toHaveLength(1);
  }
  await waitUntil(async () => (await runStatus(harness, slow.thread_id)) === 'completed');
  const frames = await text(slow.socket);
  // In the deltas and in the completed message.
  expect(frames.split('x').length).toBeGreaterThan(2 * longText.length);
  expect(frames).toContain('event: done\ndata: [DONE]\n\n');
  // Fewer than the 8000 deltas of the model, because queued deltas are joined.
  expect(frames.split('event: thread.message.delta').length).toBeLessThan(7500);
});

test('a run continues to its end when the connection of its stream breaks', async () => {
  const gate = createGate();
  const harness = await setupOverHttp();
  harness.upstream.respondWith({ output: [textMessage('Hello.')], gate, ...midText });
  const { socket, thread_id } = await startUnreadStream(harness, 'short');
  await gate.reached;
  socket.destroy();
  await once(socket, 'close');
  gate.open();
  await waitUntil(async () => (await runStatus(harness, thread_id)) === 'completed');
  expect((await readMessages(harness, thread_id)).map(textOf).at(-1)).toBe('Hello.');
});
