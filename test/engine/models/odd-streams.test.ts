import { describe, expect, test } from 'vitest';
import { events, messageItem, openAt, sse } from '../../support/answer-server.ts';

/* Streams whose form or content type is wrong, as users of servers and gateways report them. */

const chunks = [
  { choices: [{ index: 0, delta: { content: 'Sn' } }] },
  { choices: [{ index: 0, delta: { content: 'ow.' } }] },
  { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
];
const lines = chunks.map((chunk) => JSON.stringify(chunk));
const whole = { choices: [{ index: 0, message: { content: 'Snow.' }, finish_reason: 'stop' }] };

const done = 'data: [DONE]\n\n';
const stream = `${events(chunks)}${done}`;

const as = (type: string, text: string) =>
  new Response(text, { headers: { 'content-type': type } });

const json = 'application/json';

describe('Chat Completions are read', () => {
  test.each<[string, () => Response]>([
    ['from events without blank lines', () => sse(`data: ${lines.join('\ndata: ')}\n${done}`)],
    ['from data in the line after its field', () => sse(`data:\n${lines.join('\n\ndata:\n')}\n\n`)],
    [
      'from data in several lines',
      () => sse(`data: {"choices":\ndata: [{"delta":{"content":"Snow."}}]}\n\n${done}`),
    ],
    ['after a byte order mark', () => sse(`\uFEFF${stream}`)],
    ['from a stream that is called JSON', () => as(json, stream)],
    ['from a stream that is called text', () => as('text/plain', stream)],
    ['from JSON that is called a stream', () => sse(JSON.stringify(whole))],
    ['from JSON that is called text', () => as('text/plain', JSON.stringify(whole, null, 2))],
    ['from JSON with an end marker', () => as(json, `${JSON.stringify(whole)}\n${done}`)],
    ['from lines of JSON', () => as('application/x-ndjson', `${lines.join('\n')}\n`)],
  ])('%s', async (_, answer) => {
    const { start, texts } = await openAt({ chat: answer });
    const { run, thread_id } = await start();
    expect([run.last_error, await texts(thread_id)]).toEqual([null, ['Snow.']]);
  });

  test('up to an error that is JSON without a field', async () => {
    const error = { error: { code: 400, message: 'The answer was blocked.' } };
    const text = `${events(chunks.slice(0, 2))}${JSON.stringify(error, null, 2)}\n`;
    const { start } = await openAt({ chat: () => sse(text) });
    expect((await start()).run.last_error?.message).toBe('The answer was blocked.');
  });
});

describe('Responses are read', () => {
  const response = { object: 'response', status: 'completed', output: [messageItem('Snow.')] };
  const completed = events([{ type: 'response.completed', response }]);
  test.each<[string, () => Response]>([
    ['from a stream that is called JSON', () => as(json, completed)],
    ['from a stream without a type', () => new Response(new TextEncoder().encode(completed))],
    ['from JSON', () => as(json, JSON.stringify(response))],
  ])('%s', async (_, answer) => {
    const { start, texts } = await openAt({ responses: answer });
    const { run, thread_id } = await start();
    expect([run.last_error, await texts(thread_id)]).toEqual([null, ['Snow.']]);
  });
});
