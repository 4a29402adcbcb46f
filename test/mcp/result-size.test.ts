import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import { maxResultBytes } from '../../src/mcp/result-size.ts';
import { createFakeServer, errorResponse } from '../support/fake-assistants-server.ts';
import { connectTools, type Host, type ToolResult } from '../support/mcp.ts';
import type { Generation } from '../support/pipes.ts';

const thread_id = 'thread_abc';
const run_id = 'run_def';
const path = `GET /threads/${thread_id}/messages`;

const message = (id: string, ...texts: readonly string[]) => ({
  id,
  object: 'thread.message',
  thread_id,
  role: 'user',
  content: texts.map((value) => ({ type: 'text', text: { value, annotations: [] } })),
});

const run = (fields: object = {}) => ({
  id: run_id,
  object: 'thread.run',
  thread_id,
  status: 'cancelled',
  ...fields,
});

const pageOf = (data: readonly { id: string }[]) => ({
  object: 'list',
  data,
  first_id: data[0]?.id ?? null,
  last_id: data.at(-1)?.id ?? null,
  has_more: false,
});

const connect = (script: Parameters<typeof createFakeServer>[0], generation?: Generation) =>
  connectTools({
    isVerbose: true,
    openai: createFakeServer(script).openai,
    ...(generation && { generation }),
  });

/** The size of the result on the wire, nearly. */
const bytesOf = ({ text, object, images }: ToolResult): number =>
  Buffer.byteLength(
    JSON.stringify({ content: [{ type: 'text', text }, ...images], structuredContent: object }),
  );

/** Calls a tool and expects its result to be under the limit, and the same in both of its forms. */
async function callFor(host: Host, name: string, args: object): Promise<ToolResult> {
  const answer = await host.call(name, args);
  expect(bytesOf(answer)).toBeLessThan(maxResultBytes);
  const [, json = answer.text] = /^<untrusted-data-.*>\n(.*)$/mu.exec(answer.text) ?? [];
  const { next: _, truncated: __, ...data } = answer.object ?? {};
  expect(answer.failed || isDeepStrictEqual(JSON.parse(json), data)).toBe(true);
  return answer;
}

/** A server with the messages, of which every page has all that follow its cursor. */
const messageServer = (messages: readonly { id: string }[]) => ({
  [path]: ({ url }: Request) => {
    const after = new URL(url).searchParams.get('after');
    return pageOf(messages.slice(messages.findIndex(({ id }) => id === after) + 1));
  },
});

/** Follows `next` to the end of a list; the ids of all pages. */
async function readAllPages(host: Host, firstArgs: object): Promise<string[][]> {
  const pages: string[][] = [];
  for (let args: object | null = firstArgs; args !== null;) {
    const { object } = await callFor(host, 'list_messages', args);
    const ids: string[] = object.data.map(({ id }: { id: string }) => id);
    expect(object.last_id).toBe(ids.at(-1));
    expect(object.has_more).toBe('next' in object);
    pages.push(ids);
    const call = /^Call list_messages with (\{.*\}) to read/u.exec(object.next ?? '');
    args = call === null ? null : JSON.parse(call[1] ?? '');
  }
  return pages;
}

test.each(['2025', '2026'] as const)(
  'a page of 100 long messages is read in parts with next, by the %s client',
  async (generation) => {
    const messages = Array.from({ length: 100 }, (_, index) =>
      message(`msg_${index}`, 'x'.repeat(64_000)),
    );
    const host = await connect(messageServer(messages), generation);
    const pages = await readAllPages(host, { thread_id, limit: 100, order: 'asc' });
    expect(pages.flat()).toEqual(messages.map(({ id }) => id));
    expect(pages).toHaveLength(3);
  },
);

test.each([
  ['quotes', '"'],
  ['backslashes', '\\'],
  ['control characters', '\u0001'],
  ['characters of three bytes', '€'],
  ['surrogate pairs', '😀'],
])('a page of messages full of %s stays under the limit', async (_, character) => {
  const messages = Array.from({ length: 20 }, (__, index) =>
    message(`msg_${index}`, character.repeat(60_000)),
  );
  const host = await connect(messageServer(messages));
  expect((await readAllPages(host, { thread_id })).flat()).toHaveLength(20);
});

test('a message that does not fit alone is cut, and next leads to the others', async () => {
  const messages = [message('msg_long', 'x'.repeat(12 * 2 ** 20)), message('msg_short', 'Hi.')];
  const host = await connect(messageServer(messages));
  expect(await readAllPages(host, { thread_id })).toEqual([['msg_long'], ['msg_short']]);
  const { object } = await callFor(host, 'list_messages', { thread_id });
  expect(object.data[0].truncated).toContain('1048576 characters');
  expect(object.data[0].content[0].text.value).toMatch(
    /^x{1048576}… \[cut: 1048576 of 12582912 characters\]$/u,
  );
});

test('next repeats the arguments of the call, and short ones only', async () => {
  const messages = ['msg_1', 'msg_2'].map((id) => message(id, 'x'.repeat(2 ** 21)));
  const host = await connect(messageServer(messages));
  const { object } = await callFor(host, 'list_messages', { thread_id, before: 'msg_9' });
  expect(object.next).toBe(
    'Call list_messages with {"thread_id":"thread_abc","before":"msg_9","verbose":true,"after":"msg_1"} to read the next items.',
  );
  const { object: other } = await callFor(host, 'list_messages', {
    thread_id,
    before: 'm'.repeat(2000),
  });
  expect(other.next).toBe(
    'Call list_messages with the same arguments and after "msg_1" to read the next items.',
  );
});

describe('a single object', () => {
  test.each([
    ['instructions', { instructions: 'é"'.repeat(1_000_000) }],
    ['many texts', { tools: Array.from({ length: 128 }, () => ({ name: 'y'.repeat(40_000) })) }],
    ['a long list', { file_ids: Array.from({ length: 250_000 }, (_, index) => `file-${index}`) }],
    ['numbers', { results: [Array.from({ length: 250_000 }, (_, index) => index / 7)] }],
  ])('that is too large because of %s is cut and says so', async (_, fields) => {
    const host = await connect({ [`GET /threads/${thread_id}/runs/${run_id}`]: run(fields) });
    const { failed, object } = await callFor(host, 'get_run', { thread_id, run_id });
    expect(failed).toBe(false);
    expect(object).toMatchObject({ id: run_id, status: 'cancelled' });
    expect(object.truncated).toMatch(
      /^The result was too large\. Texts longer than \d+ characters/u,
    );
  });

  test('is not cut within a surrogate pair', async () => {
    const instructions = `x${'😀'.repeat(1_000_000)}`;
    const host = await connect({
      [`GET /threads/${thread_id}/runs/${run_id}`]: run({ instructions }),
    });
    const { object } = await callFor(host, 'get_run', { thread_id, run_id });
    expect(object.instructions.isWellFormed()).toBe(true);
  });

  test('that cannot be cut is an error that says the call succeeded', async () => {
    const keys = Array.from({ length: 6000 }, (_, index) => [`${index}`.padStart(500, 'k'), index]);
    const metadata = Object.fromEntries(keys);
    const host = await connect({ 'POST /threads': { id: thread_id, metadata } });
    const { failed, text } = await callFor(host, 'create_thread', {});
    expect(failed).toBe(true);
    expect(text).toContain(
      'The call succeeded, but its result thread_abc is larger than 5 MiB and cannot be shortened.',
    );
  });

  test('that fits is returned as it is', async () => {
    const whole = run({ instructions: 'x'.repeat(256_000) });
    const host = await connect({ [`GET /threads/${thread_id}/runs/${run_id}`]: whole });
    expect((await callFor(host, 'get_run', { thread_id, run_id })).object).toEqual(whole);
  });
});

test('a long reply of a run is cut, and next leads to its messages', async () => {
  const messages = Array.from({ length: 20 }, (_, index) => ({
    ...message(`msg_${index}`, 'x'.repeat(256_000)),
    run_id,
  }));
  const host = await connect({
    [`GET /threads/${thread_id}/runs/${run_id}`]: run({ status: 'completed' }),
    [path]: pageOf(messages),
  });
  const { object } = await callFor(host, 'get_run', { thread_id, run_id });
  expect(object.reply).toMatch(/ \[cut: 1000000 of 5120038 characters\]$/u);
  expect(object.next).toContain('Call list_messages with thread_id "thread_abc" and run_id');
});

async function failWith(details: Parameters<typeof errorResponse>[2], text: string) {
  const response = errorResponse(400, text, details);
  const host = await connect({ [`GET /threads/${thread_id}`]: response });
  return { host, answer: await callFor(host, 'get_thread', { thread_id }) };
}

describe('an error', () => {
  test('of 12 MiB is cut to 2,000 characters, in the result and in the log', async () => {
    const { host, answer } = await failWith({}, 'y '.repeat(6 * 2 ** 20));
    expect(answer.failed).toBe(true);
    expect(answer.text.length).toBeLessThanOrEqual(2000);
    expect(answer.text).toMatch(/^HTTP 400: y y [^]*request id: req_/u);
    expect(Math.max(...host.logLines.map(({ length }) => length))).toBeLessThan(3000);
  });

  test('with a huge code keeps the beginning of its message', async () => {
    const { answer } = await failWith({ code: 'c'.repeat(10 ** 6) }, 'Broken.');
    expect(answer.text.length).toBeLessThanOrEqual(2000);
    const code = `${'c'.repeat(199)}…`;
    expect(answer.text).toMatch(
      new RegExp(`^HTTP 400: Broken\\.\n\\(code: ${code}, request id: req_[0-9a-f]{32}\\)$`, 'u'),
    );
  });

  test('about a huge argument does not repeat all of it', async () => {
    const host = await connect({});
    const { text } = await callFor(host, 'get_run', { thread_id: 't'.repeat(10 ** 6), run_id });
    expect(text.length).toBeLessThanOrEqual(2000);
  });

  test('never shows the first half of a secret at its cut', async () => {
    const secret = 'swordfish-0123456789-swordfish';
    const text = `${'z'.repeat(1975)}${secret}${'z'.repeat(100)}`;
    const { openai } = createFakeServer({
      [`GET /threads/${thread_id}`]: errorResponse(400, text),
    });
    const host = await connectTools({ isVerbose: true, openai, secrets: [secret] });
    expect((await host.call('get_thread', { thread_id })).text).not.toContain('swordfish');
  });
});
