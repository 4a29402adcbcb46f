import { describe, expect, test } from 'vitest';
import {
  answeredOnce,
  beforeAnswer,
  failedOnce,
  goodEvents,
  json,
  notConvertible,
  outcomeAt,
  type RawResponse,
  runAt,
  streamOf,
} from '../../support/faulty-endpoint.ts';

const done = (item: unknown) =>
  beforeAnswer({ type: 'response.output_item.done', output_index: 0, item });
const messageOf = (content: unknown) => done({ type: 'message', id: 'msg_1', content });
const partOf = (part: object) => messageOf([{ type: 'output_text', ...part }]);
const delta = (fields: object) => beforeAnswer({ type: 'response.output_text.delta', ...fields });
const completed = (response: unknown): RawResponse => {
  return () => streamOf({ type: 'response.completed', response });
};

describe('the responses model fails the run after one call if the endpoint sends', () => {
  test.each<[string, RawResponse, RegExp]>([
    ['an item as a string', done('x'), /'item' as a string/u],
    ['an item as a list', done([]), /'item' as a list/u],
    ['a type as a number', done({ type: 5 }), /'item\.type' as a number/u],
    ['content as a number', messageOf(5), /'item\.content' as a number/u],
    ['a part as a string', messageOf(['x']), /'item\.content\[0\]' as a string/u],
    ['text as a number', partOf({ text: 5 }), /content\[0\]\.text' as a number/u],
    ['annotations as an object', partOf({ annotations: {} }), /annotations' as an object/u],
    [
      'a file id as a number',
      partOf({ annotations: [{ type: 'file_citation', file_id: 5 }] }),
      /file_id' as a number/u,
    ],
    ['a delta as a number', delta({ delta: 5 }), /'delta' as a number/u],
    ['a delta as an object', delta({ delta: {} }), /'delta' as an object/u],
    [
      'an index as a string',
      delta({ output_index: '0', delta: 'x' }),
      /output_index' as a string/u,
    ],
    ['a negative index', delta({ content_index: -1, delta: 'x' }), /content_index' as -1/u],
    ['a huge index', delta({ content_index: 1e9, delta: 'x' }), /content_index' as 1000000000/u],
    [
      'outputs as an object',
      done({ type: 'code_interpreter_call', outputs: {} }),
      /item\.outputs' as an object/u,
    ],
    [
      'a score as a string',
      done({ type: 'file_search_call', results: [{ score: 'high' }] }),
      /score' as a string/u,
    ],
    ['a name as a number', done({ type: 'function_call', name: 5 }), /item\.name' as a number/u],
    ['a response as a string', completed('x'), /'response' as a string/u],
    ['output as an object', completed({ output: {} }), /response\.output' as an object/u],
    ['a status as a number', completed({ status: 5 }), /response\.status' as a number/u],
    [
      'too many items',
      completed({ output: Array.from({ length: 1001 }, () => ({ type: 'reasoning' })) }),
      /more than 1000 items/u,
    ],
    [
      'a failure without an error',
      beforeAnswer({ type: 'response.failed', response: null }),
      /status failed/u,
    ],
    [
      'an error without a message',
      beforeAnswer({ type: 'error', message: null }),
      /without a message/u,
    ],
    [
      'an error with an odd code',
      beforeAnswer({ type: 'error', code: notConvertible }),
      /without a/u,
    ],
  ])('%s', async (_, respond, sentence) => {
    const { outcome, message } = await outcomeAt('responses', respond);
    expect(outcome).toEqual(failedOnce);
    expect(message).toMatch(sentence);
  });

  test.each<[string, RawResponse]>([
    ['that is not JSON', json('{no json}')],
    ['that is null', json('null')],
  ])('a response %s', async (_, respond) => {
    const { run, calls } = await runAt('responses', respond, 'http://localhost:8000/v1');
    expect(run.last_error?.message).toMatch(/does not support the Responses API/u);
    expect(calls).toBe(1);
  });
});

describe('the responses model ignores', () => {
  test.each<[string, RawResponse]>([
    ['null as an event', beforeAnswer('null')],
    ['null as a type', beforeAnswer({ type: null })],
    ['a type of an object method', beforeAnswer({ type: 'toString' })],
    ['null as an item', done(null)],
    ['an item without a type', done({ id: 'x' })],
    ['null as a delta', delta({ delta: null })],
    ['null as an index', delta({ output_index: null, content_index: null, delta: '' })],
    ['null as a part', beforeAnswer({ type: 'response.content_part.added', part: null })],
    [
      'null as an annotation',
      beforeAnswer({ type: 'response.output_text.annotation.added', annotation: null }),
    ],
    [
      'a citation without a file',
      beforeAnswer({
        type: 'response.output_text.annotation.added',
        annotation: { type: 'file_citation', file_id: null },
      }),
    ],
    [
      'null as items, parts and annotations',
      completed({
        output: [
          null,
          {
            type: 'message',
            content: [
              null,
              { type: 'output_text', text: 'Snow.', annotations: [null, { type: 'file_path' }] },
              { type: 'refusal', refusal: null },
            ],
          },
        ],
        usage: 'none',
      }),
    ],
    [
      'null as a response',
      (api) => streamOf(goodEvents[api][0], { type: 'response.done', response: null }),
    ],
    [
      'null as output',
      (api) => streamOf(goodEvents[api][0], { type: 'response.done', response: { output: null } }),
    ],
  ])('%s', async (_, respond) => {
    expect((await outcomeAt('responses', respond)).outcome).toEqual(answeredOnce);
  });

  test('null in the outputs and results of hosted calls', async () => {
    const respond = completed({
      output: [
        {
          type: 'code_interpreter_call',
          code: null,
          outputs: [null, { type: 'logs', logs: null }],
        },
        { type: 'code_interpreter_call', outputs: [{ type: 'image', url: null }] },
        { type: 'file_search_call', results: [null, { score: null }] },
      ],
    });
    expect((await runAt('responses', respond)).run).toMatchObject({ status: 'completed' });
  });
});
