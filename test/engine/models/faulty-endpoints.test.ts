import { describe, expect, test } from 'vitest';
import {
  answeredOnce,
  beforeAnswer,
  endlessStream,
  failedOnce,
  json,
  notConvertible,
  outcomeAt,
  type RawResponse,
} from '../../support/faulty-endpoint.ts';

const apis = ['responses', 'chat'] as const;

const httpError =
  (body: unknown, status = 400): RawResponse =>
  () =>
    Response.json(body, { status });

const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;

const stream = (chunk: string): RawResponse => {
  const headers = { 'content-type': 'text/event-stream' };
  return () => new Response(endlessStream(chunk, 400).body, { headers });
};

const mebibyte = 'x'.repeat(1024 ** 2);

describe.each(apis)('the %s model fails the run after one call if the endpoint sends', (api) => {
  test.each<[string, RawResponse, RegExp]>([
    ['a number as an event', beforeAnswer('42'), /an event that is not a JSON object/u],
    ['a string as an event', beforeAnswer('"text"'), /an event that is not a JSON object/u],
    ['a list as an event', beforeAnswer('[]'), /an event that is not a JSON object/u],
    ['an event that is not JSON', beforeAnswer('{no json}'), /an event that is not JSON/u],
    ['an event that is too deep', beforeAnswer(`{"a":${deep}}`), /nested too deeply/u],
    ['an endless line', stream(mebibyte), /an event of more than 16 MiB/u],
    ['an endless event', stream(`data: ${mebibyte}\n`), /an event of more than 16 MiB/u],
    ['endless empty lines of data', stream('data:\n'.repeat(50_000)), /more than 16 MiB/u],
    ['an error that is a number', beforeAnswer({ error: 42 }), /42/u],
    ['an error that is a list', beforeAnswer({ error: [] }), /\[\]/u],
    ['an error with odd fields', beforeAnswer({ error: { code: notConvertible } }), /code/u],
    ['an error event with a number', beforeAnswer({ error: { message: 5 } }), /5/u],
    ['null as an HTTP error', httpError(null), /400/u],
    ['a string as an HTTP error', httpError({ error: 'No.' }), /No\./u],
    ['an HTTP error with odd fields', httpError({ error: { code: notConvertible } }), /code/u],
    [
      'an HTTP error with odd details',
      httpError({
        error: { message: 'No.', param: notConvertible, type: 5, n_ctx: notConvertible },
      }),
      /No\./u,
    ],
    ['a large HTTP error', httpError({ error: { message: mebibyte } }), /xxx…/u],
    [
      'spaces as an HTTP error',
      httpError({ error: { message: `Bearer${' '.repeat(60_000)}` } }),
      /^Bearer/u,
    ],
  ])('%s', async (_, respond, sentence) => {
    const { outcome, message } = await outcomeAt(api, respond);
    expect(outcome).toEqual(failedOnce);
    expect(message).toMatch(sentence);
  });
});

const chatDelta = (delta: unknown) => beforeAnswer({ choices: [{ index: 0, delta }] });
const called = (call: unknown) => chatDelta({ tool_calls: call });

describe('the chat model fails the run after one call if the endpoint sends', () => {
  test.each<[string, RawResponse, RegExp]>([
    ['choices as a string', beforeAnswer({ choices: 'abc' }), /'choices' as a string/u],
    ['choices as an object', beforeAnswer({ choices: {} }), /'choices' as an object/u],
    ['a number as a choice', beforeAnswer({ choices: [5] }), /'choices\[0\]' as a number/u],
    ['a delta as a list', chatDelta([]), /'choices\[0\]\.delta' as a list/u],
    ['content as a number', chatDelta({ content: 5 }), /delta\.content' as a number/u],
    ['content as an object', chatDelta({ content: {} }), /delta\.content' as an object/u],
    [
      'text as a number',
      chatDelta({ content: [{ type: 'text', text: 5 }] }),
      /delta\.content\[0\]\.text' as a number/u,
    ],
    ['a refusal as an object', chatDelta({ refusal: {} }), /delta\.refusal' as an object/u],
    ['reasoning as a list', chatDelta({ reasoning_content: [] }), /reasoning_content' as a list/u],
    ['calls as an object', called({}), /tool_calls' as an object/u],
    ['a call as a string', called(['x']), /tool_calls\[0\]' as a string/u],
    ['a function as a string', called([{ function: 'x' }]), /function' as a string/u],
    ['a name as a number', called([{ function: { name: 5 } }]), /name' as a number/u],
    ['an id as an object', called([{ id: {} }]), /id' as an object/u],
    [
      'a call without a name',
      called([{ index: 0, id: 'call_1' }]),
      /a function call without a name/u,
    ],
    [
      'too many calls',
      called(Array.from({ length: 1001 }, (__, index) => ({ index, function: { name: 'a' } }))),
      /more than 1000 function calls/u,
    ],
    [
      'an end as a number',
      beforeAnswer({ choices: [{ delta: {}, finish_reason: 5 }] }),
      /finish_reason' as a number/u,
    ],
    ['a response that is not JSON', json('{no json}'), /a response that is not JSON/u],
    ['a response that is a list', json('[]'), /a response that is not a JSON object/u],
    ['a response without choices', json('{}'), /a response without choices/u],
    ['null as a response', json('null'), /a response without choices/u],
  ])('%s', async (_, respond, sentence) => {
    const { outcome, message } = await outcomeAt('chat', respond);
    expect(outcome).toEqual(failedOnce);
    expect(message).toMatch(sentence);
  });
});

describe('the chat model ignores', () => {
  test.each<[string, RawResponse]>([
    ['null as an event', beforeAnswer('null')],
    ['null as choices', beforeAnswer({ choices: null })],
    ['null as a choice', beforeAnswer({ choices: [null] })],
    ['null as a delta', chatDelta(null)],
    ['null as content', chatDelta({ content: null, refusal: null, tool_calls: null })],
    ['null as a part', chatDelta({ content: [null] })],
    ['null as a text', chatDelta({ content: [{ type: 'text', text: null }] })],
    ['null as a call', called([null])],
    ['usage of other types', beforeAnswer({ choices: [], usage: 'x', x_groq: 5 })],
    [
      'odd token counts',
      beforeAnswer({ usage: { prompt_tokens: {}, prompt_tokens_details: 5, total_tokens: [] } }),
    ],
  ])('%s', async (_, respond) => {
    expect((await outcomeAt('chat', respond)).outcome).toEqual(answeredOnce);
  });
});
