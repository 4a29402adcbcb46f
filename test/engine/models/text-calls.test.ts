import { describe, expect, test } from 'vitest';
import { callsInText } from '../../../src/engine/models/text-calls.ts';
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

  const city = '"city": "Oslo"';
  test.each([
    [
      'of Qwen',
      '<tool_call>\n<function=get_weather>\n<parameter=city>\nOslo\n</parameter>\n</function>\n</tool_call>',
    ],
    [
      'of Qwen without the outer tag',
      '<function=get_weather>\n<parameter=city>\nOslo\n</parameter>\n</function>',
    ],
    [
      'of GLM',
      '<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>Oslo</arg_value>\n</tool_call>',
    ],
    ['of Mistral', `[TOOL_CALLS][{"name": "get_weather", "arguments": {${city}}}]`],
    ['of Mistral, later', `[TOOL_CALLS]get_weather[ARGS]{${city}}`],
    ['of Llama', `<|python_tag|>{"name": "get_weather", "parameters": {${city}}}`],
    ['of Llama as a tag', `<function=get_weather>{${city}}</function>`],
    [
      'with parameters in place of arguments',
      `<tool_call>{"name": "get_weather", "parameters": {${city}}}</tool_call>`,
    ],
    ['of Phi', `<|tool_call|>[{"name": "get_weather", "arguments": {${city}}}]<|/tool_call|>`],
    [
      'of DeepSeek',
      `<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n\`\`\`json\n{${city}}\n\`\`\`<｜tool▁call▁end｜><｜tool▁calls▁end｜>`,
    ],
    [
      'of DeepSeek, later',
      `<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>{${city}}<｜tool▁call▁end｜><｜tool▁calls▁end｜>`,
    ],
    [
      'of Kimi',
      `<|tool_calls_section_begin|><|tool_call_begin|>functions.get_weather:0<|tool_call_argument_begin|>{${city}}<|tool_call_end|><|tool_calls_section_end|>`,
    ],
    [
      'of MiniMax',
      '<minimax:tool_call>\n<invoke name="get_weather">\n<parameter name="city">Oslo</parameter>\n</invoke>\n</minimax:tool_call>',
    ],
  ])('in the format %s are calls', async (_, text) => {
    const { start, texts } = await openAt(answer(text));
    const { run, thread_id } = await start();
    const calls = callsOf(run).map(([name, args = '']) => [name, JSON.parse(args)]);
    expect([calls, await texts(thread_id)]).toEqual([[['get_weather', { city: 'Oslo' }]], []]);
  });

  test.each([
    ['of a function that the run does not have', inText('Oslo').replace('get_weather', 'rm')],
    ['of Mistral for another function', '[TOOL_CALLS]rm[ARGS]{"path": "/"}'],
    ['of Qwen that are cut off', '<function=get_weather>\n<parameter=city>\nOs'],
    ['that are Python', '<|python_tag|>print(1)'],
    ['that are not JSON', '<tool_call>\nget_weather(Oslo)\n</tool_call>'],
    ['with a text after them', `${inText('Oslo')} is how you call it.`],
  ])('%s are text', async (_, text) => {
    const { start, texts } = await openAt(answer(text));
    const { run, thread_id } = await start();
    expect([run.status, await texts(thread_id)]).toEqual(['completed', [text]]);
  });
});

test('a value in a format without types has the type of its schema', () => {
  const properties = { days: { type: 'integer' }, code: { type: 'string' }, all: {} };
  const functions = new Map([['forecast', { type: 'object', properties }]]);
  const parameters = Object.entries({ days: '3', code: '007', all: 'true' }).map(
    ([key, value]) => `<parameter=${key}>\n${value}\n</parameter>`,
  );
  const text = `<function=forecast>\n${parameters.join('\n')}\n</function>`;
  const calls = callsInText(`${text}\n${text}`, functions);
  expect(calls.map((call) => JSON.parse(call.arguments))).toEqual([
    { days: 3, code: '007', all: true },
    { days: 3, code: '007', all: true },
  ]);
});

test('calls in a long text are read in linear time', () => {
  const functions = new Map([['forecast', {}]]);
  const long = 'x'.repeat(1_000_000);
  for (const text of [
    `<function=forecast><parameter=a>${long}`,
    `<tool_call>${long}`,
    `<tool_call>forecast<arg_key>${long}</tool_call>`,
    `<tool_call><function=forecast>${'<parameter=a>'.repeat(100_000)}</function></tool_call>`,
    `[TOOL_CALLS]${' '.repeat(1_000_000)}x`,
  ]) {
    expect(callsInText(text, functions)).toEqual([]);
  }
});
