import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { chatStream, finalResponse, openAt, textResponse } from '../../support/answer-server.ts';
import { createAssistant, readMessages, readRun, textOf } from '../../support/conversation.ts';
import { setup } from '../../support/engine.ts';
import {
  llamaCppAnswers,
  llamaCppResponses,
} from '../../support/model-servers/llama-cpp-answers.ts';

/** What OpenRouter requires of the items of a request. */
const strictInput = z.array(
  z.union([
    z.looseObject({
      type: z.literal('message'),
      role: z.enum(['user', 'system', 'developer']),
      content: z.union([z.string(), z.array(z.looseObject({ type: z.literal('input_text') }))]),
    }),
    z.strictObject({
      type: z.literal('message'),
      id: z.string().regex(/^msg_/u),
      status: z.literal('completed'),
      role: z.literal('assistant'),
      content: z.array(
        z.strictObject({
          type: z.literal('output_text'),
          text: z.string(),
          annotations: z.array(z.unknown()),
        }),
      ),
    }),
    z.strictObject({
      type: z.literal('function_call'),
      id: z.string().regex(/^fc_/u),
      status: z.literal('completed'),
      call_id: z.string(),
      name: z.string(),
      arguments: z.string(),
    }),
    z.strictObject({
      type: z.literal('function_call_output'),
      call_id: z.string(),
      output: z.string(),
    }),
  ]),
);

/** Two of a thread's turns, of which the first is already answered. */
async function converse(at: Awaited<ReturnType<typeof openAt>>) {
  const { harness, finish } = at;
  const { id: assistant_id } = await createAssistant(harness);
  const { id: thread_id } = await harness.openai.beta.threads.create({
    messages: [
      { role: 'user', content: 'Hello.' },
      { role: 'assistant', content: 'Hello. What can I do?' },
      { role: 'user', content: 'Weather in Oslo?' },
    ],
  });
  const run = await harness.openai.beta.threads.runs.create(thread_id, { assistant_id });
  return { run: await finish(run), thread_id };
}

test("llama.cpp's Responses take the second turn of a thread", async () => {
  const at = await openAt(llamaCppResponses);
  const { run, thread_id } = await converse(at);
  expect([run.status, run.last_error]).toEqual(['completed', null]);
  expect(await at.texts(thread_id)).toContain('Snow.');
});

test("every item of a thread and of a run's earlier turns is complete", async () => {
  const at = await openAt({
    responses: ({ input }, count) => {
      const { error } = strictInput.safeParse(input);
      if (error) return Response.json({ error: { message: error.message } }, { status: 400 });
      // This server leaves out ids and statuses itself.
      return count === 0
        ? finalResponse([
            { type: 'message', role: 'assistant', content: 'Let me see.' },
            {
              type: 'function_call',
              call_id: 'call_1',
              name: 'get_weather',
              arguments: '{"city":"Oslo"}',
            },
          ])
        : textResponse('Snow.');
    },
  });
  const { run } = await converse(at);
  expect([run.status, run.last_error]).toEqual(['requires_action', null]);
  const ended = await at.submit(run);
  expect([ended.status, ended.last_error]).toEqual(['completed', null]);
  const [first, second] = at.requests.map(({ input }) => input);
  // What has been sent stays as it was, so that servers can cache it.
  expect(second?.slice(0, first?.length)).toEqual(first);
});

test('OpenAI gets the short form, in which it chooses the ids', async () => {
  const harness = await setup();
  harness.upstream.respondWith({});
  const { id: assistant_id } = await createAssistant(harness);
  const { id } = await harness.openai.beta.threads.create({
    messages: [
      { role: 'assistant', content: 'Hello.' },
      { role: 'user', content: 'Hello.' },
    ],
  });
  const run = await harness.openai.beta.threads.runs.create(id, { assistant_id });
  await harness.runToEnd();
  expect((await readRun(harness, run)).status).toBe('completed');
  expect(harness.upstream.sent().input[0]).toEqual({ role: 'assistant', content: 'Hello.' });
});

/** A run in a thread with a greeting; resolves to the texts of the thread. */
const greet = async (at: Awaited<ReturnType<typeof openAt>>) => {
  const { harness, finish } = at;
  const { id: assistant_id } = await createAssistant(harness);
  const { id: thread_id } = await harness.openai.beta.threads.create({
    messages: [
      { role: 'assistant', content: 'Hello. What can I do?' },
      { role: 'user', content: 'Weather in Oslo?' },
    ],
  });
  const run = await harness.openai.beta.threads.runs.create(thread_id, { assistant_id });
  const ended = await finish(run);
  expect([ended.status, ended.last_error]).toEqual(['completed', null]);
  return (await readMessages(harness, thread_id)).map(textOf);
};

describe('a thread that opens with the greeting of the assistant', () => {
  test('is answered by a chat template that demands that the user speaks first', async () => {
    const at = await openAt(llamaCppAnswers);
    expect(await greet(at)).toEqual(['Hello. What can I do?', 'Weather in Oslo?', 'Snow.']);
    await greet(at);
    expect(at.requests).toHaveLength(3);
  });

  test('is sent as it is to every other server', async () => {
    const at = await openAt({ chat: () => chatStream([{ content: 'Snow.' }]) });
    await greet(at);
    expect(at.requests[0]?.messages.map(({ role }) => role)).toEqual([
      'system',
      'assistant',
      'user',
    ]);
  });
});

describe.each(['chat', 'responses'] as const)('over %s, an answer', (api) => {
  const part = { type: 'output_text', text: '', annotations: [] };
  const position = { item_id: 'msg_1', output_index: 0, content_index: 0 };
  const item = { type: 'message', id: 'msg_1', role: 'assistant', content: [part] };
  const emptyResponse = [
    { type: 'response.output_item.added', output_index: 0, item: { ...item, content: [] } },
    { type: 'response.content_part.added', ...position, part },
    { type: 'response.output_text.delta', ...position, delta: '' },
    { type: 'response.output_item.done', output_index: 0, item },
    { type: 'response.completed', response: { status: 'completed', output: [item] } },
  ];

  test.each(['', '\n\n'])('of %j leaves no message', async (text) => {
    const { start, texts } = await openAt({
      [api]: () => (api === 'chat' ? chatStream([{ content: text }]) : textResponse(text)),
    });
    const { run, thread_id } = await start();
    expect([run.status, await texts(thread_id)]).toEqual(['completed', []]);
  });

  test.runIf(api === 'responses')('of an empty part leaves no message', async () => {
    const text = emptyResponse.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('');
    const { start, texts } = await openAt({
      responses: () => new Response(text, { headers: { 'content-type': 'text/event-stream' } }),
    });
    const { run, thread_id } = await start();
    expect([run.status, await texts(thread_id)]).toEqual(['completed', []]);
  });
});
