import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { applyShape, foundryShape, version1Shape } from '../../src/server/response-shapes.ts';
import { shapeStream } from '../../src/server/shaped-stream.ts';

const search = { id: 'call_1', type: 'file_search', file_search: { ranking_options: null } };
const code = { id: 'call_2', type: 'code_interpreter', code_interpreter: { input: '1' } };
const call = { id: 'call_3', type: 'function', function: { name: 'f', arguments: '{}' } };

const stepWith = (tool_calls: readonly unknown[]) => ({
  object: 'thread.run.step',
  step_details: { type: 'tool_calls', tool_calls },
});

const deltaWith = (tool_calls: readonly unknown[]) => ({
  object: 'thread.run.step.delta',
  delta: { step_details: { type: 'tool_calls', tool_calls } },
});

const message = {
  object: 'thread.message',
  attachments: [{ file_id: 'file-a', tools: [] }, { file_id: 'file-b' }],
};

describe('the shape of AI Foundry', () => {
  const full = [
    { ...search, file_search: { ranking_options: null, results: [] } },
    { ...code, code_interpreter: { input: '1', outputs: [] } },
    call,
  ];

  test('adds the lists that calls of steps lack', () => {
    const calls = [search, code, call];
    expect(applyShape(stepWith(calls), foundryShape)).toEqual(stepWith(full));
    expect(applyShape(deltaWith(calls), foundryShape)).toEqual(deltaWith(full));
    expect(applyShape(stepWith([{ type: 'file_search' }]), foundryShape)).toEqual(
      stepWith([{ type: 'file_search', file_search: { results: [] } }]),
    );
    const list = { object: 'list', data: [stepWith(calls)], has_more: false };
    expect(applyShape(list, foundryShape)).toEqual({ ...list, data: [stepWith(full)] });
  });

  test.each([
    stepWith(full),
    { object: 'thread.run.step', step_details: { type: 'message_creation' } },
    { object: 'thread.run.step', step_details: null },
    message,
    { object: 'list', data: [null] },
    null,
    'text',
  ])('leaves %j as it is', (value) => {
    expect(applyShape(value, foundryShape)).toEqual(value);
  });
});

test('the shape of version 1 has file_ids and the tool retrieval', () => {
  const tools = [{ type: 'file_search', file_search: {} }, { type: 'code_interpreter' }];
  const tool_resources = { code_interpreter: { file_ids: ['file-a'] } };
  for (const object of ['assistant', 'thread.run']) {
    expect(applyShape({ object, tools, tool_resources }, version1Shape)).toEqual({
      object,
      tools: [{ type: 'retrieval' }, { type: 'code_interpreter' }],
      tool_resources,
      file_ids: ['file-a'],
    });
  }
  expect(applyShape({ object: 'assistant', tools: [] }, version1Shape)).toMatchObject({
    file_ids: [],
  });
  expect(applyShape(message, version1Shape)).toMatchObject({ file_ids: ['file-a', 'file-b'] });
  expect(applyShape(deltaWith([search, call]), version1Shape)).toEqual(
    deltaWith([{ id: 'call_1', type: 'retrieval', retrieval: {} }, call]),
  );
});

const event = (name: string, data: string) => `event: ${name}\ndata: ${data}\n\n`;

test('a stream is changed event by event, wherever its chunks are cut', async () => {
  const delta = '{"object":"thread.message.delta","text":"ä\\u2028"}';
  const streamOf = (step: object) =>
    [
      ': keep-alive\n\n',
      event('thread.message.delta', delta),
      event('thread.run.step.created', JSON.stringify(step)),
      event('error', '{"error":{"message":"stopped"}}'),
      event('done', '[DONE]'),
    ].join('');
  const bytes = Buffer.from(streamOf(stepWith([search])));
  const expected = streamOf(stepWith([{ id: 'call_1', type: 'retrieval', retrieval: {} }]));
  for (const size of [1, 7, 64, bytes.length]) {
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
      bytes.subarray(index * size, (index + 1) * size),
    );
    expect(await text(shapeStream(ReadableStream.from(chunks), version1Shape))).toBe(expected);
  }
});
