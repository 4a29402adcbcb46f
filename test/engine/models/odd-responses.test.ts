import { describe, expect, test } from 'vitest';
import {
  callsOf,
  events,
  finalResponse,
  messageItem,
  openAt,
  type SentBody,
  sse,
  textResponse,
} from '../../support/answer-server.ts';
import { callIds, readRun } from '../../support/conversation.ts';

/* What servers of the Responses API leave out or send in another form, as their users report it. */

const oslo = '{"city":"Oslo"}';
const rome = '{"city":"Rome"}';

const call = (id: string, call_id: string, args: string) => ({
  type: 'function_call',
  id,
  call_id,
  name: 'get_weather',
  arguments: args,
});

const added = (output_index: number, item: object) => ({
  type: 'response.output_item.added',
  output_index,
  item,
});
const argumentsDelta = (fields: object) => ({
  type: 'response.function_call_arguments.delta',
  ...fields,
});
const position = { item_id: 'msg_1', output_index: 0, content_index: 0 };
const emptyEnd = { type: 'response.completed', response: { status: 'completed', output: [] } };

const stream = (...values: readonly object[]) => sse(events(values));

describe('a text is read', () => {
  test.each<[string, () => Response]>([
    [
      'from the end of a part',
      () => stream({ type: 'response.output_text.done', ...position, text: 'Snow.' }, emptyEnd),
    ],
    [
      'from a finished part',
      () =>
        stream(
          {
            type: 'response.content_part.done',
            ...position,
            part: { type: 'output_text', text: 'Snow.' },
          },
          emptyEnd,
        ),
    ],
    [
      'from a message without a type',
      () =>
        finalResponse([{ role: 'assistant', content: [{ type: 'output_text', text: 'Snow.' }] }]),
    ],
    [
      'from a message that also has reasoning',
      () =>
        finalResponse([
          {
            type: 'message',
            role: 'assistant',
            content: [
              { type: 'reasoning_text', text: 'Hm.' },
              { type: 'text', text: 'Snow.' },
            ],
          },
        ]),
    ],
    [
      'up to an end marker in place of the final response',
      () =>
        sse(
          `${events([
            { type: 'response.output_text.delta', ...position, delta: 'Snow.' },
            { type: 'response.output_item.done', output_index: 0, item: messageItem('Snow.') },
          ])}data: [DONE]\n\n`,
        ),
    ],
  ])('%s', async (_, answer) => {
    const { start, texts } = await openAt({ responses: answer });
    const { run, thread_id } = await start();
    expect([run.last_error, await texts(thread_id)]).toEqual([null, ['Snow.']]);
  });
});

test('an end marker before any item is done does not end an answer', async () => {
  const cut = `${events([added(0, { type: 'message', id: 'msg_1' })])}data: [DONE]\n\n`;
  const { start, texts } = await openAt({
    responses: (_, count) => (count === 0 ? sse(cut) : textResponse('Snow.')),
  });
  expect(await texts((await start()).thread_id)).toEqual(['Snow.']);
});

describe('arguments that come in deltas belong to their calls', () => {
  test.each<[string, readonly object[]]>([
    [
      'without the ids of items',
      [
        added(0, call('fc_1', 'call_1', '')),
        added(1, call('fc_2', 'call_2', '')),
        argumentsDelta({ output_index: 0, delta: oslo }),
        argumentsDelta({ output_index: 1, delta: rome }),
      ],
    ],
    [
      'with empty ids',
      [
        added(0, call('', 'call_1', '')),
        added(1, call('', 'call_2', '')),
        argumentsDelta({ item_id: '', output_index: 0, delta: oslo }),
        argumentsDelta({ item_id: '', output_index: 1, delta: rome }),
      ],
    ],
    [
      'with ids that are not those of the items (vLLM)',
      [
        added(0, call('fc_1', 'call_1', '')),
        argumentsDelta({ item_id: 'fc_3', output_index: 0, delta: oslo }),
        {
          type: 'response.output_item.done',
          output_index: 0,
          item: call('fc_1', 'call_1', ''),
        },
        added(1, call('fc_2', 'call_2', '')),
        argumentsDelta({ item_id: 'fc_4', output_index: 1, delta: rome }),
      ],
    ],
  ])('%s', async (_, values) => {
    const { start } = await openAt({ responses: () => stream(...values, emptyEnd) });
    const { run } = await start();
    expect(callsOf(run)).toEqual([
      ['get_weather', oslo],
      ['get_weather', rome],
    ]);
  });
});

const idsOf = ({ input }: SentBody, type: string) =>
  input.filter((item) => item['type'] === type).map((item) => item['call_id']);

test('callers get ids of their own for calls whose ids are repeated or have another form', async () => {
  const answers = [
    [call('fc_1', 'call_0', oslo), call('fc_2', 'call_0', rome)],
    [call('fc_1', 'call_0', oslo), call('fc_2', 'functions.get_weather:0', rome)],
  ];
  const { harness, start, submit, requests } = await openAt({
    responses: (_, count) =>
      answers[count] === undefined ? textResponse('Snow.') : finalResponse(answers[count]),
  });
  const { run } = await start();
  const second = await submit(run);
  const ids = [...callIds(run), ...callIds(await readRun(harness, second))];
  expect(new Set(ids).size).toBe(4);
  for (const id of ids) expect(id).toMatch(/^call_/u);
  expect((await submit(second)).status).toBe('completed');
  const last = requests.at(-1) ?? { model: '', messages: [], input: [] };
  expect(idsOf(last, 'function_call')).toEqual(ids);
  expect(idsOf(last, 'function_call_output')).toEqual(ids);
});

test('usage is read under the names of Chat Completions', async () => {
  const { start } = await openAt({
    responses: () =>
      finalResponse([messageItem('Snow.')], {
        usage: { prompt_tokens: 19, completion_tokens: '13' },
      }),
  });
  expect((await start()).run.usage).toMatchObject({ prompt_tokens: 19, total_tokens: 32 });
});

test('an error of status 200 says why the endpoint is taken for one without the API', async () => {
  const error = { message: 'Unexpected endpoint.' };
  const { start } = await openAt({ responses: () => Response.json({ error }) });
  expect((await start()).run.last_error?.message).toBe(
    'The model endpoint does not support the Responses API: Unexpected endpoint.',
  );
});
