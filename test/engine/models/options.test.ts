import { describe, expect, test } from 'vitest';
import { createChatUpstream } from '../../support/chat-upstream.ts';
import { listen } from '../../support/loopback-server.ts';
import { sdkFor, startServe } from '../../support/serve.ts';

/** A run on the whole program, with a model endpoint that has Chat Completions only. */
async function runWith(env: Record<string, string>, model: string) {
  const upstream = createChatUpstream();
  const OPENAI_BASE_URL = `${await listen((request) => upstream.fetch(request))}/v1`;
  const served = await startServe({ env: { OPENAI_BASE_URL, ...env } });
  const { assistants, threads } = sdkFor(served).beta;
  upstream.respondWith({ text: 'Snow. ❄️' });
  const { id: assistant_id } = await assistants.create({ model });
  const messages = [{ role: 'user' as const, content: 'Weather?' }];
  const run = await threads.createAndRunStream({ assistant_id, thread: { messages } }).finalRun();
  return { upstream, served, run };
}

describe('--model-api', () => {
  test.each([
    ['auto', {}, 1],
    ['chat', { ASSISTANTS_MODEL_API: 'chat' }, 0],
  ])('%s runs on Chat Completions', async (_, env, attempts) => {
    const { upstream, run } = await runWith(env, 'qwen3:8b');
    expect([run.status, run.last_error]).toEqual(['completed', null]);
    expect(upstream.sent().model).toBe('qwen3:8b');
    expect(upstream.responsesAttempts()).toBe(attempts);
  });

  test('responses fails at an endpoint without it', async () => {
    const { upstream, run } = await runWith({ ASSISTANTS_MODEL_API: 'responses' }, 'qwen3:8b');
    expect(run.last_error?.message).toContain('Invalid URL (POST /v1/responses)');
    expect(upstream.requests).toEqual([]);
  });
});

describe('the model of an assistant', () => {
  const ASSISTANTS_MODEL_MAP = 'gpt-4=gpt-4.1,gpt-4o=gpt-5.4';

  test.each([
    ['gpt-4', {}, 'gpt-4.1'],
    ['gpt-4o', {}, 'gpt-5.4'],
    ['gpt-4', { ASSISTANTS_MODEL: 'gpt-5.5' }, 'gpt-5.5'],
    ['o3', { ASSISTANTS_MODEL: 'gpt-5.5' }, 'gpt-5.5'],
  ])(
    '%s is replaced under %j by %s, and the run and log show both',
    async (requested, env, used) => {
      const { upstream, served, run } = await runWith({ ASSISTANTS_MODEL_MAP, ...env }, requested);
      expect(upstream.sent().model).toBe(used);
      const both = { model: used, requested_model: requested };
      expect(run).toMatchObject(both);
      const ended = served.lines().find(({ message }) => message === 'run ended');
      expect(ended).toMatchObject(both);
    },
  );

  test('is unchanged, without requested_model, if no option replaces it', async () => {
    const { upstream, run } = await runWith({ ASSISTANTS_MODEL_MAP }, 'o3');
    expect(upstream.sent().model).toBe('o3');
    expect(run.model).toBe('o3');
    expect(run).not.toHaveProperty('requested_model');
  });
});
