import { describe, expect, test } from 'vitest';
import { createFakeServer } from '../support/fake-assistants-server.ts';
import {
  connectOverHttp,
  connectOverStdio,
  type Peer,
  peerNames,
  readText,
} from '../support/mcp-peers.ts';
import { sdkFor } from '../support/serve.ts';
import { connect, message, page, serverWith } from '../support/stored-thread.ts';

async function promptText(peer: Peer, name: string, args: Record<string, string>) {
  const { messages } = await peer.getPrompt({ name, arguments: args });
  const [first, ...others] = messages;
  expect([first?.role, others]).toEqual(['user', []]);
  return first?.content.type === 'text' ? first.content.text : '';
}

async function completeArgument(peer: Peer, name: string, argument: string, value: string) {
  const ref = { type: 'ref/prompt' as const, name };
  const { completion } = await peer.complete({ ref, argument: { name: argument, value } });
  return completion;
}

const asst = (id: string, name: string | null = null) => ({ id, object: 'assistant', name });

describe.each(peerNames)('over HTTP, for %s', (name) => {
  test('ask and review_thread are rendered, and their arguments completed', async () => {
    const { peer, served } = await connectOverHttp(name);
    expect(peer.getServerCapabilities()).toMatchObject({ prompts: {} });
    const { prompts } = await peer.listPrompts();
    expect(
      prompts.map((prompt) => [prompt.name, prompt.arguments?.map((each) => each.required)]),
    ).toEqual([
      ['ask', [true, true]],
      ['review_thread', [true]],
    ]);
    const sdk = sdkFor(served);
    const { id } = await sdk.beta.assistants.create({ model: 'm', name: 'Tutor' });
    const question = 'Why is\nthe sky "blue"?';
    for (const assistant of ['Tutor', ' tutor ', id]) {
      const text = await promptText(peer, 'ask', { assistant, question });
      const [, args = ''] = /arguments:\n\n(.+)\n\n/u.exec(text) ?? [];
      expect(text).toContain('Call create_thread_and_run with');
      const thread = { messages: [{ role: 'user', content: question }] };
      expect(JSON.parse(args)).toEqual({ assistant_id: id, thread });
      const result = await peer.callTool({
        name: 'create_thread_and_run',
        arguments: { ...JSON.parse(args), wait_seconds: 45 },
      });
      expect(result).toMatchObject({ structuredContent: { status: 'completed' } });
    }
    const { id: thread_id } = await sdk.beta.threads.create({
      messages: [{ role: 'user', content: 'Hello' }],
    });
    const review = await promptText(peer, 'review_thread', { thread_id });
    expect(review).toContain(await readText(peer, `assistants://threads/${thread_id}`));
    expect((await completeArgument(peer, 'ask', 'assistant', 'tu')).values).toEqual(['Tutor']);
    expect((await completeArgument(peer, 'ask', 'question', 'x')).values).toEqual([]);
    const threads = await completeArgument(peer, 'review_thread', 'thread_id', thread_id);
    expect(threads.values).toEqual([thread_id]);
  });

  test('arguments are checked with one sentence', async () => {
    const { peer } = await connectOverHttp(name);
    for (const [prompt, args, sentence] of [
      ['ask', {}, "Missing required parameter: 'assistant'."],
      ['ask', { assistant: 'a', question: '  ' }, "Missing required parameter: 'question'."],
      ['ask', { assistant: 'a', question: 'q', x: 'y' }, "Unknown parameter: 'x'."],
      [
        'ask',
        { assistant: 'nobody', question: 'q' },
        "No assistant found with id or name 'nobody'.",
      ],
      ['ask', { assistant: '..', question: 'q' }, "No assistant found with id or name '..'."],
      ['review_thread', { thread_id: 'thread_none' }, "No thread found with id 'thread_none'."],
      ['review_thread', { thread_id: '..' }, "'thread_id'"],
      ['nothing', {}, 'No prompt is named "nothing".'],
    ] as const) {
      const error: unknown = await promptText(peer, prompt, args).catch(
        (reason: unknown) => reason,
      );
      expect(error).toMatchObject({ code: -32_602 });
      expect(String(error)).toContain(sentence);
    }
  });
});

test.each([
  [{ assistant: null, question: 'q' }, "Missing required parameter: 'assistant'."],
  [{ assistant: 'a', question: true }, "Invalid type for 'question'"],
  [['a', 'q'], 'Invalid type'],
  [null, "Missing required parameter: 'assistant'."],
  [[], "Missing required parameter: 'assistant'."],
  ['{"assistant":"a"}', "Missing required parameter: 'question'."],
])('the arguments %j are refused with one sentence', async (args, sentence) => {
  const { peer } = await connect(createFakeServer({}));
  const request = { method: 'prompts/get', params: { name: 'ask', arguments: args } };
  const error: unknown = await Reflect.apply(Reflect.get(peer, 'request'), peer, [request]).catch(
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ code: -32_602 });
  expect(String(error)).toContain(sentence);
});

test('a question that is a number is taken as text', async () => {
  const fake = createFakeServer({ 'GET /assistants/asst_a': asst('asst_a') });
  const { peer } = await connect(fake);
  const params = { name: 'ask', arguments: { assistant: 'asst_a', question: 42 } };
  const result: unknown = await Reflect.apply(Reflect.get(peer, 'request'), peer, [
    { method: 'prompts/get', params },
  ]);
  expect(JSON.stringify(result)).toContain(String.raw`\"content\":\"42\"`);
});

test('a name that several assistants have is refused with their ids', async () => {
  const fake = createFakeServer({
    'GET /assistants': page([asst('asst_b', 'Tutor'), asst('asst_a', 'tutor')]),
  });
  const { peer } = await connect(fake);
  await expect(promptText(peer, 'ask', { assistant: 'Tutor', question: 'q' })).rejects.toThrow(
    "2 assistants are named 'Tutor'. Use an id: asst_b, asst_a.",
  );
});

test('assistants are completed by a name that is unique, else by id', async () => {
  const items = [
    asst('asst_d', 'Tutor'),
    asst('asst_c', 'Cook'),
    asst('asst_b', 'tutor'),
    asst('asst_a'),
  ];
  const fake = createFakeServer({ 'GET /assistants': page(items, true) });
  const { peer } = await connect(fake);
  const complete = (value: string) => completeArgument(peer, 'ask', 'assistant', value);
  expect(await complete('')).toMatchObject({
    values: ['asst_d', 'Cook', 'asst_b', 'asst_a'],
    hasMore: true,
  });
  expect((await complete('TUT')).values).toEqual(['asst_d', 'asst_b']);
  expect((await complete('asst_c')).values).toEqual(['asst_c']);
  expect((await complete('co')).values).toEqual(['Cook']);
});

test('a long thread is reviewed up to 100,000 bytes, and the rest is named', async () => {
  const many = Array.from({ length: 50 }, (_, index) =>
    message(`msg_${index}`, 'x'.repeat(10_000)),
  );
  const { peer } = await connect(serverWith(page(many)));
  const text = await promptText(peer, 'review_thread', { thread_id: 'thread_a' });
  expect(text.length).toBeLessThan(101_000);
  expect(text).toMatch(/Call list_messages with `[^\n]+` to read the rest\.\n$/u);
});

test.each([
  [[], ['ask', 'review_thread']],
  [['--read-only'], ['review_thread']],
  [['--toolsets', 'runs,assistants'], ['ask']],
  [['--exclude-tools', 'list_messages'], ['ask']],
  [['--tool-names', 'capability'], []],
])('with the flags %j, the prompts %j are offered', async (argv, names) => {
  const { peer } = await connect(createFakeServer({}), argv);
  const { prompts } = await peer.listPrompts();
  expect(prompts.map((prompt) => prompt.name)).toEqual(names);
});

test('listing prompts calls no server, and a fault list cannot fill an answer', async () => {
  let clients = 0;
  const { peer } = await connectOverStdio('the 2025 SDK', {
    openai: async () => {
      clients += 1;
      return createFakeServer({}).openai;
    },
  });
  await peer.listPrompts();
  expect(clients).toBe(0);
  const args = Object.fromEntries(Array.from({ length: 600 }, (_, index) => [`x${index}`, 'y']));
  await expect(promptText(peer, 'ask', args)).rejects.toThrow('more than 500 values');
});
