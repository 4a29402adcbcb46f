import { APIConnectionTimeoutError, APIUserAbortError } from 'openai';
import { describe, expect, test } from 'vitest';
import { createClient } from '../../src/backend/openai-client.ts';
import { inProcessFetch } from '../../src/backend/openai-client.ts';

const forever = () => new Promise<Response>(() => {});

describe('the embedded fetch', () => {
  test('lets the SDK’s timeout pass before a slow handler', async () => {
    const openai = createClient({ fetch: forever });
    await expect(openai.beta.assistants.list({}, { timeout: 20 })).rejects.toThrow(
      APIConnectionTimeoutError,
    );
  });

  test('rejects at once when the caller aborts, and tells the handler', async () => {
    const controller = new AbortController();
    const started = Promise.withResolvers<Request>();
    const openai = createClient({
      fetch: (request) => {
        started.resolve(request);
        return forever();
      },
    });
    const call = openai.beta.assistants.list({}, { signal: controller.signal });
    const failed = call.catch((error: unknown) => error);
    const { signal } = await started.promise;
    expect(signal.aborted).toBe(false);
    controller.abort();
    expect(await failed).toBeInstanceOf(APIUserAbortError);
    expect(signal.aborted).toBe(true);
  });

  test('does not begin what is already aborted', async () => {
    let begun = 0;
    const fetch = inProcessFetch(async () => {
      begun += 1;
      return new Response();
    });
    const reason = new Error('too late');
    const call = fetch('http://embedded/v1', { signal: AbortSignal.abort(reason) });
    await expect(call).rejects.toBe(reason);
    expect(begun).toBe(0);
  });

  test('hands on method, path, query, headers and body', async () => {
    const seen: unknown[] = [];
    const fetch = inProcessFetch(async (request) => {
      const { method, url, headers } = request;
      seen.push(method, url, headers.get('x-test'), await request.text());
      return Response.json({ ok: true });
    });
    const init = { method: 'POST', headers: { 'x-test': '1' }, body: '{"a":1}' };
    const response = await fetch('http://embedded/v1/threads?limit=2', init);
    expect(await response.json()).toEqual({ ok: true });
    expect(seen).toEqual(['POST', 'http://embedded/v1/threads?limit=2', '1', '{"a":1}']);
  });

  test('passes on what the handler throws', async () => {
    const fetch = inProcessFetch(() => Promise.reject(new Error('broken')));
    await expect(fetch('http://embedded/v1')).rejects.toThrow('broken');
  });
});
