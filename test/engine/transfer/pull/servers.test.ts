import { describe, expect, test } from 'vitest';
import { pullFrom, startHost } from '../../../support/assistants-host.ts';
import { thread } from '../../../support/examples.ts';
import { errorResponse } from '../../../support/fake-assistants-server.ts';
import { idsOf, messageIds, threadData } from '../../../support/thread-data.ts';

/* What servers with the Assistants API have, and whom they let in. */

describe('threads', () => {
  test('are requested one by one from a server that does not list them (OpenAI)', async () => {
    const host = await startHost(threadData(3), {
      answer: (_request, path) =>
        path === '/threads'
          ? errorResponse(
              401,
              'Your request to GET /v1/threads must be made with a session key (that is, it can only be made from the browser). You made it with the following key type: secret.',
              { code: 'missing_scope' },
            )
          : undefined,
    });
    const refused = await pullFrom(host.url);
    expect([refused.code, refused.lines]).toEqual([
      1,
      [
        `Imported 1 assistant from ${host.url}.`,
        'Not imported:',
        expect.stringMatching(
          /^- threads: The server does not list them all; name them with --threads \(HTTP 401: Your request/u,
        ),
      ],
    ]);
    const { code, exported } = await pullFrom(host.url, { threads: [thread.id] });
    expect([code, idsOf(await exported(), 'thread.message')]).toEqual([0, messageIds(3)]);
  });

  test('of OpenAI itself are gone for good', async () => {
    const { fetch } = globalThis;
    globalThis.fetch = async () => errorResponse(404, 'Invalid URL (GET /v1/assistants)');
    try {
      const { code, lines } = await pullFrom('https://api.openai.com/v1', {
        threads: ['thread_a'],
      });
      expect([code, lines]).toEqual([
        1,
        ['OpenAI shut down its hosted Assistants API on 2026-08-26.'],
      ]);
    } finally {
      globalThis.fetch = fetch;
    }
  });

  test('are read with the key and version that Azure expects', async () => {
    const host = await startHost(threadData(1));
    const { code } = await pullFrom(host.url, {
      apiVersion: '2024-05-01-preview',
      apiKey: 'azure-0123456789',
    });
    expect(code).toBe(0);
    expect(new Set(host.headers.map((headers) => headers.get('api-key')))).toEqual(
      new Set(['azure-0123456789']),
    );
    expect(host.headers.every((headers) => headers.get('openai-beta') === 'assistants=v2')).toBe(
      true,
    );
    expect(host.requests.every((line) => line.includes('api-version=2024-05-01-preview'))).toBe(
      true,
    );
  });

  test('are read with a token of Entra ID, which Foundry demands', async () => {
    const host = await startHost(threadData(1));
    const token = `eyJhbGciOiJub25lIn0.${'e'.repeat(30)}.${'s'.repeat(30)}`;
    await pullFrom(host.url, { apiVersion: 'v1', apiKey: token });
    const [headers] = host.headers;
    expect([headers?.get('authorization'), headers?.get('api-key')]).toEqual([
      `Bearer ${token}`,
      null,
    ]);
  });

  test('are missing where the URL lacks its path', async () => {
    const host = await startHost(threadData(1));
    const { code, lines } = await pullFrom(host.url.replace('/v1', '/v2'));
    expect([code, lines]).toEqual([
      1,
      [
        `--from: ${host.url.replace('/v1', '/v2')} has no /assistants and no /threads (HTTP 404: No thread found with id 'assistants'); it may need a suffix such as /v1.`,
      ],
    ]);
  });

  test('without runs, or with assistants missing, are imported and what is missing is named', async () => {
    const host = await startHost(threadData(2), {
      answer: (_request, path) =>
        path.endsWith('/runs') || path === '/assistants'
          ? Response.json({ detail: 'Not Found' }, { status: 404 })
          : undefined,
    });
    const { code, lines, exported } = await pullFrom(host.url);
    expect([code, lines.slice(1)]).toEqual([
      1,
      ['Not imported:', `- assistants, runs of ${thread.id}: HTTP 404: Not Found.`],
    ]);
    expect(idsOf(await exported(), 'thread.message')).toEqual(messageIds(2));
  });

  test('are not made up from answers that are none', async () => {
    const host = await startHost(threadData(1), {
      answer: (_request, path) =>
        path === '/threads/t1' ? Response.json({ detail: 'unknown' }) : undefined,
    });
    const { lines, exported } = await pullFrom(host.url, { threads: ['t1', '..', 't/2', 't3'] });
    expect(lines.slice(-4)).toEqual([
      '- thread t1: The answer of the server is no thread.',
      '- thread ..: No URL can contain this id.',
      "- thread t/2: HTTP 404: No thread found with id 't'.",
      "- thread t3: HTTP 404: No thread found with id 't3'.",
    ]);
    expect(idsOf(await exported(), 'thread')).toEqual([]);
  });
});
