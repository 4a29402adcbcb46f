import { describe, expect, test } from 'vitest';
import { type ChatServer, chatError, createChatUpstream } from '../../support/chat-upstream.ts';
import { setup, type HarnessOptions } from '../../support/engine.ts';
import { createRun, readRun } from '../../support/conversation.ts';

async function open(server: ChatServer, options: HarnessOptions = {}) {
  const upstream = createChatUpstream({ server });
  const baseURL = 'http://localhost:8000/v1';
  return {
    upstream,
    harness: await setup({ model: 'chat', baseURL, endpoint: upstream, ...options }),
  };
}

const serverThatRejects = (
  matches: (body: object) => boolean,
  message: string,
  status = 400,
): ChatServer => ({
  reject: (body) => (matches(body) ? chatError(status, { message }) : null),
});

describe('the dialect negotiator', () => {
  const servers: [string, ChatServer, string, HarnessOptions][] = [
    [
      'max_tokens',
      serverThatRejects((body) => 'max_tokens' in body, "Unsupported parameter: 'max_tokens'."),
      '"max_completion_tokens":500',
      {},
    ],
    [
      'max_completion_tokens',
      serverThatRejects(
        (body) => 'max_completion_tokens' in body,
        'body -> max_completion_tokens: Extra inputs are not permitted',
        422,
      ),
      '"max_tokens":500',
      { baseURL: 'https://acme.openai.azure.com/openai/v1' },
    ],
    [
      'stream_options',
      serverThatRejects((body) => 'stream_options' in body, 'Unknown field stream_options.'),
      '"stream":true',
      {},
    ],
    [
      'a system role',
      serverThatRejects(
        (body) => JSON.stringify(body).includes('"system"'),
        'System role not supported',
      ),
      '[{"role":"user","content":"Be brief.\\n\\nWeather in Oslo?"}]',
      {},
    ],
    ...[
      'Developer instruction is not enabled for models/gemma-3-27b-it',
      'Only user and assistant roles are supported!',
      'Conversation roles must alternate user/assistant/user/assistant/...',
    ].map((message): [string, ChatServer, string, HarnessOptions] => [
      `a system role (${message})`,
      serverThatRejects((body) => JSON.stringify(body).includes('"system"'), message),
      '[{"role":"user","content":"Be brief.\\n\\nWeather in Oslo?"}]',
      {},
    ]),
    [
      'a system role on Azure',
      serverThatRejects(
        (body) => JSON.stringify(body).includes('"system"'),
        "Unsupported value: 'messages[0].role' does not support 'system' with this model.",
      ),
      '[{"role":"developer","content":"Be brief."}',
      { baseURL: 'https://acme.openai.azure.com/openai/v1' },
    ],
  ];

  test.each(servers)(
    'adapts to a server that rejects %s, and remembers it',
    async (_, server, expected, options) => {
      const { harness, upstream } = await open(server, options);
      for (const calls of [2, 3]) {
        upstream.respondWith({ text: 'Snow.' });
        const { run } = await createRun(harness, { max_completion_tokens: 500 });
        await harness.runToEnd();
        expect((await readRun(harness, run)).last_error).toBeNull();
        expect(upstream.requests).toHaveLength(calls);
        expect(JSON.stringify(upstream.sent())).toContain(expected);
      }
    },
  );

  test("fails the run with the server's message if the adapted request is rejected too", async () => {
    const message = "Unsupported parameter: 'max_tokens' or 'max_completion_tokens'.";
    const server = serverThatRejects(() => true, message);
    const { harness, upstream } = await open(server);
    const { run } = await createRun(harness, { max_completion_tokens: 500 });
    await harness.runToEnd();
    expect((await readRun(harness, run)).last_error?.message).toContain(message);
    // With each of the two names, and without a limit.
    expect(upstream.requests).toHaveLength(3);
  });

  test('does not take an invalid value for a refused parameter', async () => {
    const server = serverThatRejects(() => true, 'max_tokens is too large: 500.');
    const { harness, upstream } = await open(server);
    const { run } = await createRun(harness, { max_completion_tokens: 500 });
    await harness.runToEnd();
    expect((await readRun(harness, run)).last_error?.message).toContain('max_tokens is too large');
    expect(upstream.requests).toHaveLength(1);
  });
});
