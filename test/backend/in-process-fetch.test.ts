import { APIConnectionTimeoutError, APIUserAbortError } from 'openai';
import { describe, expect, test } from 'vitest';
import { createClient, inProcessFetch } from '../../src/backend/openai-client.ts';

const neverResponds = () => new Promise<Response>(() => {});

describe('the in-process fetch', () => {
  test('times out in the SDK while a handler is slow', async () => {
    const openai = createClient({ fetch: neverResponds });
    await expect(openai.beta.assistants.list({}, { timeout: 20 })).rejects.toThrow(
      APIConnectionTimeoutError,
    );
  });

  test('rejects at once when the caller aborts, and aborts the handler’s signal', async () => {
    const controller = new AbortController();
    const started = Promise.withResolvers<Request>();
    const openai = createClient({
      fetch: (request) => {
        started.resolve(request);
        return neverResponds();
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

  test('does not call the handler when the signal is already aborted', async () => {
    let calls = 0;
    const fetch = inProcessFetch(async () => {
      calls += 1;
      return new Response();
    });
    const reason = new Error('too late');
    const call = fetch('http://embedded/v1', { signal: AbortSignal.abort(reason) });
    await expect(call).rejects.toBe(reason);
    expect(calls).toBe(0);
  });

  test('passes method, path, query, headers and body to the handler', async () => {
    const received: unknown[] = [];
    const fetch = inProcessFetch(async (request) => {
      const { method, url, headers } = request;
      received.push(method, url, headers.get('x-test'), await request.text());
      return Response.json({ ok: true });
    });
    const init = { method: 'POST', headers: { 'x-test': '1' }, body: '{"a":1}' };
    const response = await fetch('http://embedded/v1/threads?limit=2', init);
    expect(await response.json()).toEqual({ ok: true });
    expect(received).toEqual(['POST', 'http://embedded/v1/threads?limit=2', '1', '{"a":1}']);
  });

  test('rejects with the error of the handler', async () => {
    const fetch = inProcessFetch(() => Promise.reject(new Error('broken')));
    await expect(fetch('http://embedded/v1')).rejects.toThrow('broken');
  });
});
