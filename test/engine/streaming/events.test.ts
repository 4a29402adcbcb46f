import { describe, expect, test } from 'vitest';
import { setup } from '../../support/engine.ts';
import {
  startedEventNames,
  callEventNames,
  eventData,
  deltaText,
  expectStreamMatchesStored,
  collectWhileRunning,
  messageEventNames,
  eventNames,
  streamOutputs,
  streamRunToEnd,
} from '../../support/run-stream.ts';
import { createAssistant, readRun, weatherTool } from '../../support/conversation.ts';
import {
  functionCall,
  reasoningItem,
  refusalMessage,
  textMessage,
} from '../../support/upstream-items.ts';

/** Reads the run of a stream. */
const fetchRun = (
  harness: Parameters<typeof readRun>[0],
  events: Parameters<typeof eventData>[0],
) => {
  const [run] = eventData(events, 'thread.run.queued');
  if (run === undefined) throw new Error('the stream has no run');
  return readRun(harness, run);
};

describe('the order of events is right for', () => {
  test('a message', async () => {
    const harness = await setup();
    harness.upstream.respondWith({ output: [textMessage('It is -3C with snow.')] });
    const { events } = await streamRunToEnd(harness);
    expect(eventNames(events)).toEqual([
      ...startedEventNames,
      ...messageEventNames,
      'run.completed',
    ]);
    await expectStreamMatchesStored(harness, events);
  });

  test('two messages', async () => {
    const harness = await setup();
    harness.upstream.respondWith({
      output: [textMessage('Let me see.'), reasoningItem('x'), textMessage('Snow.')],
    });
    const { events } = await streamRunToEnd(harness);
    expect(eventNames(events)).toEqual([
      ...startedEventNames,
      ...messageEventNames,
      ...messageEventNames,
      'run.completed',
    ]);
    await expectStreamMatchesStored(harness, events);
  });

  test('a message before function calls', async () => {
    const harness = await setup();
    harness.upstream.respondWith({
      output: [textMessage('Let me see.'), functionCall('get_weather', { city: 'Oslo' })],
    });
    const { events } = await streamRunToEnd(harness);
    expect(eventNames(events)).toEqual([
      ...startedEventNames,
      ...messageEventNames,
      ...callEventNames,
      'run.requires_action',
    ]);
    await expectStreamMatchesStored(harness, events);
  });

  test('a message after function calls, which are streamed last', async () => {
    const harness = await setup();
    harness.upstream.respondWith({
      output: [functionCall('get_weather', {}), textMessage('One moment.')],
    });
    const { events } = await streamRunToEnd(harness);
    expect(eventNames(events)).toEqual([
      ...startedEventNames,
      ...messageEventNames,
      ...callEventNames,
      'run.requires_action',
    ]);
    await expectStreamMatchesStored(harness, events);
  });

  test('parallel function calls, their outputs, and the reply', async () => {
    const harness = await setup();
    const two = [
      functionCall('get_weather', { city: 'Oslo' }),
      functionCall('get_weather', { city: 'Rome' }),
    ];
    harness.upstream.respondWith(
      { output: two, usage: [90, 15] },
      { output: [textMessage('Cold and warm.')] },
    );
    const { events } = await streamRunToEnd(harness);
    expect(eventNames(events)).toEqual([
      ...startedEventNames,
      ...callEventNames,
      'run.requires_action',
    ]);
    const waiting = await fetchRun(harness, events);
    const after = await collectWhileRunning(harness, streamOutputs(harness, waiting));
    expect(eventNames(after)).toEqual([
      'run.step.completed',
      'run.queued',
      'run.in_progress',
      ...messageEventNames,
      'run.completed',
    ]);
    const [step] = eventData(after, 'thread.run.step.completed');
    expect(step).toMatchObject({
      id: eventData(events, 'thread.run.step.created')[0]?.id,
      usage: { total_tokens: 105 },
      step_details: {
        tool_calls: two.map(({ call_id: id }) => ({ id, function: { output: 'snow' } })),
      },
    });
    await expectStreamMatchesStored(harness, after);
  });

  test('a thread created with its run', async () => {
    const harness = await setup();
    const { id: assistant_id } = await createAssistant(harness);
    harness.upstream.respondWith({});
    const messages = [{ role: 'user', content: 'Weather in Oslo?' }] as const;
    const thread = { messages: [...messages], metadata: { a: 'b' } };
    const body = { assistant_id, thread, stream: true } as const;
    const events = await collectWhileRunning(
      harness,
      harness.openai.beta.threads.createAndRun(body),
    );
    expect(eventNames(events)).toEqual([
      'created',
      ...startedEventNames,
      ...messageEventNames,
      'run.completed',
    ]);
    const [received] = eventData(events, 'thread.created');
    expect(received).toEqual(await harness.openai.beta.threads.retrieve(received?.id ?? ''));
    await expectStreamMatchesStored(harness, events);
  });

  test('a response without output', async () => {
    const harness = await setup();
    harness.upstream.respondWith({ output: [] });
    const { events } = await streamRunToEnd(harness);
    expect(eventNames(events)).toEqual([...startedEventNames, 'run.completed']);
    await expectStreamMatchesStored(harness, events);
  });

  test('a refusal', async () => {
    const harness = await setup();
    harness.upstream.respondWith({ output: [refusalMessage('I cannot help with that.')] });
    const { events } = await streamRunToEnd(harness);
    expect(eventNames(events)).toEqual([
      ...startedEventNames,
      ...messageEventNames,
      'run.completed',
    ]);
    const [first] = eventData(events, 'thread.message.delta');
    expect(first?.delta.content).toEqual([{ index: 0, type: 'refusal', refusal: 'I cannot' }]);
    await expectStreamMatchesStored(harness, events);
  });
});

const initialCall = (index: number, id: string, name: string) => ({
  index,
  id,
  type: 'function',
  function: { name, arguments: '', output: null },
});

const callArguments = (index: number, text: string) => ({
  index,
  type: 'function',
  function: { arguments: text },
});

describe('deltas', () => {
  test('of text carry an empty annotations array only in the first', async () => {
    const harness = await setup();
    harness.upstream.respondWith({ output: [textMessage('abc')] });
    const { events } = await streamRunToEnd(harness);
    const parts = eventData(events, 'thread.message.delta').map(({ delta }) => delta);
    expect(parts).toEqual([
      { content: [{ index: 0, type: 'text', text: { value: 'a', annotations: [] } }] },
      { content: [{ index: 0, type: 'text', text: { value: 'b' } }] },
      { content: [{ index: 0, type: 'text', text: { value: 'c' } }] },
    ]);
  });

  test('of function calls carry the name first and then the arguments', async () => {
    const harness = await setup();
    const city = '{"city":"Oslo"}';
    harness.upstream.respondWith({
      output: [functionCall('get_weather', city, 'call_1'), functionCall('f', '', 'call_2')],
    });
    const other = { type: 'function', function: { name: 'f' } } as const;
    const { events } = await streamRunToEnd(harness, { tools: [weatherTool, other] });
    const received = eventData(events, 'thread.run.step.delta').map(
      ({ delta }) => delta.step_details,
    );
    expect(received).toEqual(
      [
        initialCall(0, 'call_1', 'get_weather'),
        callArguments(0, city),
        initialCall(1, 'call_2', 'f'),
        callArguments(1, '{}'),
      ].map((call) => ({ type: 'tool_calls', tool_calls: [call] })),
    );
  });

  test.each([
    ['emoji and CJK', '天气🥶很冷👩‍👩‍👧‍👦,𝔘𝔫𝔦 ok'],
    ['line breaks and quotes', 'a\n\nb\r\nc\u2028d"e\\f\u0000g'],
    ['text that looks like SSE frames', '\n\nevent: done\ndata: [DONE]\n\n'],
  ])('of %s add up to the message', async (_, text) => {
    const harness = await setup();
    harness.upstream.respondWith({ output: [textMessage(text)] });
    const { events } = await streamRunToEnd(harness);
    const [message] = eventData(events, 'thread.message.completed');
    expect(deltaText(events, message?.id ?? '')).toBe(text);
    await expectStreamMatchesStored(harness, events);
  });

  test('that split a character add up to the message', async () => {
    const harness = await setup();
    const text = '天🥶👩‍👩‍👧‍👦𝔘';
    harness.upstream.respondWith({
      output: [textMessage(text)],
      edit: (upstreamEvents) =>
        upstreamEvents.flatMap((event): typeof upstreamEvents =>
          event.type === 'response.output_text.delta'
            ? event.delta.split('').map((unit) => ({ ...event, delta: unit }))
            : [event],
        ),
    });
    const { events } = await streamRunToEnd(harness);
    expect(eventData(events, 'thread.message.delta').length).toBeGreaterThan(10);
    const [message] = eventData(events, 'thread.message.completed');
    expect(deltaText(events, message?.id ?? '')).toBe(text);
    await expectStreamMatchesStored(harness, events);
  });

  test('of a citation carry its marker, index and an empty quote', async () => {
    const harness = await setup();
    const notes = [
      { type: 'file_citation', file_id: 'file-a', filename: 'a.txt', index: 5 },
      { type: 'file_path', file_id: 'file-b', index: 9 },
    ] as const;
    harness.upstream.respondWith({ output: [textMessage('🥶It is cold.', [...notes])] });
    const { events } = await streamRunToEnd(harness);
    const [message] = eventData(events, 'thread.message.completed');
    const texts = eventData(events, 'thread.message.delta').flatMap(({ delta }) => delta.content);
    const marked = texts.filter((part) => part?.type === 'text' && part.text?.annotations?.length);
    const [cited, path] =
      message?.content.flatMap((part) => (part.type === 'text' ? part.text.annotations : [])) ?? [];
    expect(cited).toMatchObject({ type: 'file_citation', file_citation: { file_id: 'file-a' } });
    expect(marked).toEqual([
      {
        index: 0,
        type: 'text',
        text: {
          value: cited?.text,
          annotations: [{ index: 0, ...cited, file_citation: { file_id: 'file-a', quote: '' } }],
        },
      },
      { index: 0, type: 'text', text: { value: path?.text, annotations: [{ index: 1, ...path }] } },
    ]);
    expect(deltaText(events, message?.id ?? '')).toBe(
      message?.content[0]?.type === 'text' ? message.content[0].text.value : null,
    );
  });
});
