import { describe, expect, test } from 'vitest';
import {
  callsOf,
  chatStream,
  finalResponse,
  openAt,
  type SentBody,
  textResponse,
} from '../../support/answer-server.ts';
import { createAssistant, submitOutputs } from '../../support/conversation.ts';

/* What servers refuse of a thread and of earlier turns, as their users report it. */

const oslo = '{"city":"Oslo"}';

type Field = Readonly<Record<string, unknown>>;

const refusal = (message: string, status = 400) =>
  Response.json({ error: { message } }, { status });

const textOfBody = (body: SentBody) => JSON.stringify(body);

const calls = (body: SentBody): Field[] =>
  body.messages.flatMap((message) =>
    Array.isArray(message['tool_calls']) ? message['tool_calls'] : [],
  );

const hasOutput = ({ messages, input }: SentBody) =>
  messages.some(({ role }) => role === 'tool') ||
  input.some((item) => item['type'] === 'function_call_output');

/** A server that calls a function once, and refuses some of the requests with its output. */
async function answerAfterCall(
  refuse: (body: SentBody) => Response | null,
  { id = 'call_1', fields = {}, callFields = {}, output = 'Snow' } = {},
) {
  const called = { name: 'get_weather', arguments: oslo };
  const call = { index: 0, id, type: 'function', function: called, ...callFields };
  const at = await openAt({
    chat: (body) =>
      hasOutput(body)
        ? (refuse(body) ?? chatStream([{ content: 'Snow.' }]))
        : chatStream([{ ...fields, tool_calls: [call] }], 'tool_calls'),
  });
  const { run, thread_id } = await at.start();
  expect(callsOf(run)).toEqual([['get_weather', oslo]]);
  await submitOutputs(at.harness, run, output);
  const ended = await at.finish(run);
  return { ended, texts: await at.texts(thread_id), requests: at.requests };
}

const hasNullContent = ({ messages }: SentBody) => messages.some(({ content }) => content === null);
const hasToolId = (body: SentBody, isRefused: (id: string) => boolean) =>
  calls(body).some(({ id }) => isRefused(String(id)));

describe('a run goes on after its call at a server that refuses', () => {
  test.each<[string, (body: SentBody) => Response | null, object?]>([
    [
      'null as content (LM Studio)',
      (body) =>
        hasNullContent(body)
          ? refusal("Invalid 'content': 'content' field must be a string or an array of objects.")
          : null,
    ],
    [
      'null as content (Ollama)',
      (body) => (hasNullContent(body) ? refusal('invalid message content type: <nil>') : null),
    ],
    [
      'null as content (FastAPI)',
      (body) =>
        hasNullContent(body)
          ? Response.json(
              {
                detail: [
                  {
                    loc: ['body', 'messages', 2, 'content'],
                    msg: 'Input should be a valid string',
                  },
                ],
              },
              { status: 422 },
            )
          : null,
    ],
    [
      'ids that are not of nine characters (Mistral)',
      (body) =>
        hasToolId(body, (id) => !/^[a-zA-Z0-9]{9}$/u.test(id))
          ? refusal('Tool call id was call_1 but must be a-z, A-Z, 0-9, with a length of 9.')
          : null,
    ],
    [
      'ids with other characters (Claude)',
      (body) =>
        hasToolId(body, (id) => !/^[\w-]+$/u.test(id))
          ? refusal(
              "messages.2.content.0.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'",
            )
          : null,
      { id: 'functions.get_weather:0' },
    ],
    [
      'long ids',
      (body) =>
        hasToolId(body, ({ length }) => length > 40)
          ? refusal(
              "Invalid 'messages[2].tool_calls[0].id': string too long. Expected a string with maximum length 40.",
            )
          : null,
      { id: `call_${'x'.repeat(60)}` },
    ],
    [
      'an empty output (MiniMax)',
      ({ messages }) =>
        messages.some(({ role, content }) => role === 'tool' && content === '')
          ? refusal('chat content is empty (2013)')
          : null,
      { output: '' },
    ],
    [
      'a field of its own answer',
      ({ messages }) =>
        messages.some((message) => 'channel' in message)
          ? refusal(
              "'messages.2' : for 'role:assistant' the following must be satisfied[('messages.2' : property 'channel' is unsupported)]",
            )
          : null,
      { fields: { channel: 'commentary' } },
    ],
    [
      'a field of its own call',
      (body) =>
        calls(body).some((call) => 'recipient' in call)
          ? Response.json(
              {
                detail: [
                  {
                    loc: ['body', 'messages', 2, 'tool_calls', 0, 'recipient'],
                    msg: 'Extra inputs are not permitted',
                  },
                ],
              },
              { status: 422 },
            )
          : null,
      { callFields: { recipient: 'functions' } },
    ],
  ])('%s', async (_, refuse, options) => {
    const { ended, texts, requests } = await answerAfterCall(refuse, options);
    expect([ended.last_error, texts]).toEqual([null, ['Snow.']]);
    const [assistant, tool] = requests.at(-1)?.messages.slice(-2) ?? [];
    const [call] = Array.isArray(assistant?.['tool_calls']) ? assistant['tool_calls'] : [];
    expect(tool?.['tool_call_id']).toBe(Reflect.get(Object(call), 'id'));
  });
});

test('over Responses, ids and outputs of calls are changed as well', async () => {
  const call = { type: 'function_call', name: 'get_weather', arguments: oslo };
  const at = await openAt({
    responses: (body) => {
      if (!hasOutput(body)) return finalResponse([{ ...call, call_id: `call_${'x'.repeat(70)}` }]);
      const text = textOfBody(body);
      if (text.includes('xxxx')) {
        return refusal("Invalid 'input[2].call_id': string too long. Expected maximum length 64.");
      }
      return text.includes('"output":""')
        ? refusal('output must not be empty')
        : textResponse('Snow.');
    },
  });
  const { run, thread_id } = await at.start();
  await submitOutputs(at.harness, run, '');
  expect((await at.finish(run)).last_error).toBeNull();
  expect(await at.texts(thread_id)).toEqual(['Snow.']);
});

describe('a thread that the assistant ends is answered by a server that says', () => {
  test.each([
    'This model does not support assistant message prefill. The conversation must end with a user message.',
    'Expected last role User or Tool (or Assistant with prefix True) for serving but got assistant',
    'Assistant response prefill is incompatible with enable_thinking.',
    'Cannot have 2 or more assistant messages at the end of the list.',
    'Cannot set `add_generation_prompt` to True when the last message is from the assistant.',
  ])('%s', async (message) => {
    const at = await openAt({
      chat: ({ messages }) =>
        messages.at(-1)?.role === 'assistant'
          ? refusal(message)
          : chatStream([{ content: 'Snow.' }]),
    });
    const { id: assistant_id } = await createAssistant(at.harness);
    const { id } = await at.harness.openai.beta.threads.create({
      messages: [
        { role: 'user', content: 'Weather in Oslo?' },
        { role: 'assistant', content: 'Let me see.' },
      ],
    });
    const run = await at.finish(
      await at.harness.openai.beta.threads.runs.create(id, { assistant_id }),
    );
    expect([run.last_error, (await at.texts(id)).at(-1)]).toEqual([null, 'Snow.']);
  });
});
