import { describe, expect, test } from 'vitest';
import { callsOf, chatStream, finalResponse, openAt } from '../../support/answer-server.ts';

const osloCall = ['get_weather', '{"city":"Oslo"}'];
const romeCall = ['get_weather', '{"city":"Rome"}'];

const inText = (city: string) =>
  `<tool_call>\n{"name": "get_weather", "arguments": {"city":"${city}"}}\n</tool_call>`;

describe.each(['chat', 'responses'] as const)('over %s, calls in the text', (api) => {
  const answer = (text: string) => ({
    [api]: (_: unknown, call: number) => {
      if (call > 0) return api === 'chat' ? chatStream([{ content: 'Snow.' }]) : finalResponse([]);
      const pieces = text.match(/[^]{1,7}/gu) ?? [];
      return api === 'chat'
        ? chatStream(pieces.map((content) => ({ content })))
        : finalResponse([
            {
              type: 'message',
              id: 'msg_1',
              role: 'assistant',
              content: [{ type: 'output_text', text, annotations: [] }],
            },
          ]);
    },
  });
  test.each([
    ['alone', `${inText('Oslo')}\n${inText('Rome')}`],
    ['after thinking', `<think>Two cities.</think>\n\n${inText('Oslo')}\n${inText('Rome')}`],
  ])('%s are calls', async (_, text) => {
    const { start, submit, texts, requests } = await openAt(answer(text));
    const { run, thread_id } = await start();
    expect([callsOf(run), await texts(thread_id)]).toEqual([[osloCall, romeCall], []]);
    expect((await submit(run)).status).toBe('completed');
    expect(JSON.stringify(requests[1])).not.toContain('<tool_call>');
  });

  test.each([
    ['of a function that the run does not have', inText('Oslo').replace('get_weather', 'rm')],
    ['that are not JSON', '<tool_call>\nget_weather(Oslo)\n</tool_call>'],
    ['with a text after them', `${inText('Oslo')} is how you call it.`],
  ])('%s are text', async (_, text) => {
    const { start, texts } = await openAt(answer(text));
    const { run, thread_id } = await start();
    expect([run.status, await texts(thread_id)]).toEqual(['completed', [text]]);
  });
});
