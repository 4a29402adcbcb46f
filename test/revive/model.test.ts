import { expect, test } from 'vitest';
import { replyTo } from '../../revive/model.ts';

const user = (content: string) => ({ role: 'user', content });
const weather = { type: 'function', name: 'get_weather' };
const call = 'Call get_weather with {"city":"Oslo"}.';

test('calls the functions that the last message names and the request has', () => {
  const input = [user('Hello.'), user(`${call} Then call get_time with {}.`)];
  const { calls } = replyTo({ input, tools: [weather] });
  expect(calls).toEqual([{ id: expect.any(String), name: 'get_weather', args: '{"city":"Oslo"}' }]);
  const tools = [{ type: 'function', function: weather }];
  expect(replyTo({ messages: input, tools }).calls).toHaveLength(1);
});

test('repeats a message with its number if there is nothing to call', () => {
  expect(replyTo({ input: [user('Hello.'), user(call)] })).toEqual({
    text: `Message 2 was: ${call}`,
  });
  const content = [{ type: 'text', text: 'Hello.' }];
  expect(replyTo({ messages: [{ role: 'user', content }] })).toEqual({
    text: 'Message 1 was: Hello.',
  });
});

test('repeats the outputs that follow the last message', () => {
  const input = [
    user('Hello.'),
    { type: 'function_call_output', output: 'old' },
    user(call),
    { type: 'function_call', name: 'get_weather' },
    { type: 'function_call_output', output: 'snow' },
    { type: 'function_call_output', output: 'rain' },
  ];
  expect(replyTo({ input, tools: [weather] })).toEqual({ text: 'The tools said: snow; rain' });
  const messages = [user(call), { role: 'tool', content: 'snow' }];
  expect(replyTo({ messages, tools: [weather] })).toEqual({ text: 'The tools said: snow' });
});
