import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { describe, expect, test } from 'vitest';
import { createFakeServer } from '../support/fake-assistants-server.ts';
import { connectTools, type Host } from '../support/mcp.ts';
import { textKinds } from '../support/texts.ts';

const maxTokens = 8000;
const thread_id = 'thread_0123456789abcdefghijABCD';
const run_id = 'run_0123456789abcdefghijABCD';
const message_id = 'msg_0123456789abcdefghijABCD';

interface List {
  readonly tool: string;
  readonly args: object;
  readonly path: string;
  readonly prefix: string;
  /** The fields of an item that hold a text. */
  readonly fields: (text: string) => object;
  readonly reader: string;
}

const functionTool = (name: string, description: string) => ({
  type: 'function',
  function: { name, description, parameters: { type: 'object', properties: { a: {} } } },
});
const pairs = (text: string) =>
  Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`k${index}`, text.slice(0, 512)]));

const lists: readonly List[] = [
  {
    tool: 'list_messages',
    args: { thread_id },
    path: `/threads/${thread_id}/messages`,
    prefix: 'msg',
    fields: (text) => ({ role: 'user', content: [{ type: 'text', text: { value: text } }] }),
    reader: `get_message with {"thread_id":"${thread_id}","message_id":`,
  },
  {
    tool: 'list_runs',
    args: { thread_id },
    path: `/threads/${thread_id}/runs`,
    prefix: 'run',
    fields: (text) => ({
      status: 'failed',
      instructions: text,
      tools: [functionTool('f', text)],
      metadata: pairs(text),
      last_error: { code: 'server_error', message: text },
    }),
    reader: `get_run with {"thread_id":"${thread_id}","run_id":`,
  },
  {
    tool: 'list_run_steps',
    args: { thread_id, run_id },
    path: `/threads/${thread_id}/runs/${run_id}/steps`,
    prefix: 'step',
    fields: (text) => ({
      status: 'completed',
      step_details: {
        type: 'tool_calls',
        tool_calls: [
          { id: 'call_a', type: 'function', function: { arguments: text, output: text } },
        ],
      },
    }),
    reader: `get_run_step with {"thread_id":"${thread_id}","run_id":"${run_id}","step_id":`,
  },
  {
    tool: 'list_threads',
    args: {},
    path: '/threads',
    prefix: 'thread',
    fields: (text) => ({ metadata: pairs(text) }),
    reader: 'get_thread with {"thread_id":',
  },
  {
    tool: 'list_assistants',
    args: {},
    path: '/assistants',
    prefix: 'asst',
    fields: (text) => ({
      name: 'A',
      instructions: text,
      tools: Array.from({ length: 20 }, (_, index) => functionTool(`f${index}`, text)),
    }),
    reader: 'get_assistant with {"assistant_id":',
  },
  {
    tool: 'list_message_files',
    args: { thread_id, message_id },
    path: `/threads/${thread_id}/messages/${message_id}/files`,
    prefix: 'file',
    fields: (text) => ({ note: text }),
    reader: `get_message_file with {"thread_id":"${thread_id}","message_id":"${message_id}","file_id":`,
  },
  {
    tool: 'list_files',
    args: {},
    path: '/files',
    prefix: 'file',
    fields: (text) => ({ filename: text, purpose: 'assistants' }),
    reader: 'get_file with {"file_id":',
  },
];

const idOf = (prefix: string, index: number) => `${prefix}_0123456789abcdefghij${1000 + index}`;

const itemsOf = ({ prefix, fields }: List, count: number, text: string) =>
  Array.from({ length: count }, (_, index) => ({
    id: idOf(prefix, index),
    object: 'item',
    created_at: 1_790_000_000,
    thread_id,
    ...fields(text),
  }));

/** A server whose pages end like those of the API. */
const connect = (list: List, items: readonly { id: string }[]) => {
  const reply = ({ url }: Request) => {
    const query = new URL(url).searchParams;
    const start = items.findIndex(({ id }) => id === query.get('after')) + 1;
    const data = items.slice(start, start + Number(query.get('limit') ?? 20));
    const has_more = start + data.length < items.length;
    return { object: 'list', data, first_id: data[0]?.id, last_id: data.at(-1)?.id, has_more };
  };
  return connectTools({ openai: createFakeServer({ [`GET ${list.path}`]: reply }).openai });
};

async function callList(host: Host, { tool }: List, args: object) {
  const { failed, text, object } = await host.call(tool, args);
  expect({ tool, failed }).toEqual({ tool, failed: false });
  expect(countTokens(text)).toBeLessThanOrEqual(maxTokens);
  expect(countTokens(JSON.stringify(object))).toBeLessThanOrEqual(maxTokens);
  return object;
}

describe.each(lists.map((list) => [list.tool, list] as const))('%s', (tool, list) => {
  test.each(Object.entries(textKinds).filter(([kind]) => kind !== 'spaces'))(
    'takes at most 8,000 tokens for long texts of %s',
    async (_, create) => {
      const host = await connect(list, itemsOf(list, 20, create(3000)));
      const { data, truncated } = await callList(host, list, list.args);
      expect(data.length).toBeGreaterThan(0);
      expect(data[0].id).toBe(idOf(list.prefix, 0));
      expect(truncated).toContain(
        `For all of a truncated item, call ${list.reader}"${idOf(list.prefix, 0)}"}.`,
      );
    },
  );

  test('follows next to the end of 100 items, each once', async () => {
    const items = itemsOf(list, 100, textKinds['English']?.(600) ?? '');
    const host = await connect(list, items);
    const ids: string[] = [];
    let calls = 0;
    for (let args: object | null = { ...list.args, limit: 100 }; args !== null; calls += 1) {
      const { data, next = '', last_id, has_more } = await callList(host, list, args);
      expect(has_more).toBe(next !== '');
      ids.push(...data.map(({ id }: { id: string }) => id));
      expect(last_id).toBe(ids.at(-1));
      const match = new RegExp(`^Call ${tool} with (\\{.*\\}) to read the next items`, 'u').exec(
        next,
      );
      args = match === null ? null : JSON.parse(match[1] ?? '');
    }
    expect(ids).toEqual(items.map(({ id }) => id));
    expect(calls).toBeLessThan(12);
  });

  test('returns a short list with all its fields, without nulls and repetitions', async () => {
    const [item] = itemsOf(list, 1, 'short');
    const host = await connect(list, [
      { ...item, id: 'a', nothing: null, empty: [] } as { id: string },
    ]);
    const { data, next, has_more } = await callList(host, list, list.args);
    expect({ next, has_more }).toEqual({ next: undefined, has_more: false });
    expect(JSON.stringify(data)).not.toMatch(/null|truncated|thread_id|"empty"/u);
    expect(JSON.stringify(data)).toContain('short');
  });

  test('returns everything with verbose', async () => {
    const items = itemsOf(list, 20, 'x'.repeat(3000));
    const host = await connect(list, items);
    const { object } = await host.call(tool, { ...list.args, verbose: true });
    expect(object.data).toEqual(items);
  });
});

test('a cut text has both lengths and the tool that reads the rest', async () => {
  const [list] = lists;
  if (list === undefined) throw new Error('there are lists');
  const host = await connect(list, itemsOf(list, 20, 'A word. '.repeat(1000)));
  const { data } = await callList(host, list, list.args);
  const { value } = data[0].content[0].text;
  expect(value).toMatch(/… \[cut: \d+ of 8000 characters; get_message reads the rest\]$/u);
  expect(data[0].truncated).toBe(true);
});

test('a list names no tool that is not listed', async () => {
  const { allTools } = await import('../../src/tools/registry.ts');
  const tools = allTools.filter(({ name }) => name === 'list_messages');
  const [list] = lists;
  if (list === undefined) throw new Error('there are lists');
  const page = { object: 'list', data: itemsOf(list, 20, 'A word. '.repeat(1000)) };
  const { openai } = createFakeServer({ [`GET ${list.path}`]: page });
  const host = await connectTools({ openai, tools });
  const { text } = await host.call('list_messages', { thread_id });
  expect(text).toContain('of 8000 characters]');
  expect(text).not.toContain('get_message');
});
