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

const refusing = (does: (body: object) => boolean, message: string, status = 400): ChatServer => ({
  refuse: (body) => (does(body) ? chatError(status, { message }) : null),
});
describe('what a server refuses is said in another way, and remembered', () => {
  const servers: [string, ChatServer, string, HarnessOptions][] = [
    [
      'max_tokens',
      refusing((body) => 'max_tokens' in body, "Unsupported parameter: 'max_tokens'."),
      '"max_completion_tokens":500',
      {},
    ],
    [
      'max_completion_tokens',
      refusing(
        (body) => 'max_completion_tokens' in body,
        'body -> max_completion_tokens: Extra inputs are not permitted',
        422,
      ),
      '"max_tokens":500',
      { baseURL: 'https://acme.openai.azure.com/openai/v1' },
    ],
    [
      'stream_options',
      refusing((body) => 'stream_options' in body, 'Unknown field stream_options.'),
      '"stream":true',
      {},
    ],
    [
      'a system message',
      refusing((body) => JSON.stringify(body).includes('"system"'), 'System role not supported'),
      '[{"role":"user","content":"Be brief.\\n\\nWeather in Oslo?"}]',
      {},
    ],
    [
      'a system message of Azure',
      refusing(
        (body) => JSON.stringify(body).includes('"system"'),
        "Unsupported value: 'messages[0].role' does not support 'system' with this model.",
      ),
      '[{"role":"developer","content":"Be brief."}',
      { baseURL: 'https://acme.openai.azure.com/openai/v1' },
    ],
  ];

  test.each(servers)('%s', async (_, server, expected, options) => {
    const { harness: it, upstream } = await open(server, options);
    for (const calls of [2, 3]) {
      upstream.respondWith({ text: 'Snow.' });
      const { run } = await createRun(it, { max_completion_tokens: 500 });
      await it.runToEnd();
      expect((await readRun(it, run)).last_error).toBeNull();
      expect(upstream.requests).toHaveLength(calls);
      expect(JSON.stringify(upstream.sent())).toContain(expected);
    }
  });

  test('but what it never takes fails the run with its own words', async () => {
    const server = refusing(() => true, 'max_tokens is too large: 500.');
    const { harness: it, upstream } = await open(server);
    const { run } = await createRun(it, { max_completion_tokens: 500 });
    await it.runToEnd();
    expect((await readRun(it, run)).last_error?.message).toContain('max_tokens is too large');
    expect(upstream.requests).toHaveLength(2);
  });
});
