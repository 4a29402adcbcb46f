import { describe, expect, test } from 'vitest';
import { maxItems } from '../../../src/schema/common.ts';
import { setup } from '../../support/engine.ts';
import { countTurns } from '../../support/turns.ts';

const message = (content: string) => ({ role: 'user' as const, content });
const repeated = <T>(item: T, length: number): T[] => Array.from({ length }, () => item);

test('a thread with 1,000 messages is created in several turns of the event loop', async () => {
  const { openai } = await setup();
  const messages = Array.from({ length: maxItems }, (_, index) => message(`Number ${index}.`));
  const turns = await countTurns(async () => {
    const { id } = await openai.beta.threads.create({ messages });
    const { data } = await openai.beta.threads.messages.list(id, { order: 'asc', limit: 100 });
    expect(data.map(({ content: [part] }) => part)).toEqual(
      messages
        .slice(0, 100)
        .map(({ content }) => ({ type: 'text', text: { value: content, annotations: [] } })),
    );
  });
  expect(turns).toBeGreaterThan(20);
});

test('a page of long messages is read and written in several turns of the event loop', async () => {
  const { openai, fetch } = await setup();
  const text = 'word '.repeat(50_000);
  const { id } = await openai.beta.threads.create({ messages: repeated(message(text), 42) });
  const url = `http://embedded/v1/threads/${id}/messages?limit=40`;
  let body = '';
  const turns = await countTurns(async () => {
    body = await (await fetch(new Request(url))).text();
  });
  expect(turns).toBeGreaterThan(10);
  const page = JSON.parse(body);
  expect(page.data).toHaveLength(40);
  expect(page).toMatchObject({
    object: 'list',
    has_more: true,
    first_id: page.data[0].id,
    last_id: page.data[39].id,
  });
});

describe('an error about a huge text', () => {
  test.each([
    ['an unknown field', { ['x'.repeat(2 ** 20)]: 1 }],
    [
      'an unknown field within a list',
      { messages: [{ ...message('a'), ['x'.repeat(2 ** 20)]: 1 }] },
    ],
    ['an unknown value', { messages: [{ role: 'x'.repeat(2 ** 20), content: 'a' }] }],
  ])('repeats only the beginning of %s', async (_, body) => {
    const { request } = await setup();
    const { status, body: answer } = await request('POST', '/threads', body);
    expect(status).toBe(400);
    expect(answer.error.message).toContain('xxxx');
    expect(JSON.stringify(answer).length).toBeLessThan(12_000);
  });
});

test("a body with too many values is refused in a sentence, and with too many messages in the contract's", async () => {
  const { fetch } = await setup();
  const post = async (body: string) => {
    const request = new Request('http://embedded/v1/threads', { method: 'POST', body });
    return (await fetch(request)).json();
  };
  expect(await post(`{"messages":[${'{},'.repeat(1_390_000)}{}]}`)).toMatchObject({
    error: {
      message:
        'We could not parse the JSON body of your request. It has more than 100000 values. Split it into several requests.',
    },
  });
  expect(await post(JSON.stringify({ messages: repeated(message('a'), 30_000) }))).toMatchObject({
    error: {
      message:
        "Invalid 'messages': array too long. Expected an array with maximum length 1000, but got an array with length 30000 instead.",
      param: 'messages',
      code: 'array_above_max_length',
    },
  });
});
