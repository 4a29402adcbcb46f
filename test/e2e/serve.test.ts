import { spawnSync } from 'node:child_process';
import OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { startEndpoint } from './endpoint.ts';
import { type Server, startServer } from './server.ts';

const listening = z.looseObject({ message: z.literal('listening'), rest: z.string() });

/** The REST base URL that a `serve` process logs. */
async function baseURLOf(server: Server): Promise<string> {
  await server.logged('"listening"');
  const line =
    server
      .stderr()
      .split('\n')
      .find((text) => text.includes('"listening"')) ?? '';
  return listening.parse(JSON.parse(line)).rest;
}

const serve = (env: Record<string, string> = { ASSISTANTS_MODEL_API: 'scripted' }) =>
  startServer({ args: ['serve', '--port', '0'], env });

const thread = { messages: [{ role: 'user' as const, content: 'Hello.' }] };

describe('serve', () => {
  test('works for a program that changes only its base URL', async () => {
    const server = serve();
    const openai = new OpenAI({ apiKey: 'sk-any-key', baseURL: await baseURLOf(server) });
    const assistant = await openai.beta.assistants.create({ model: 'gpt-4o', name: 'Tutor' });
    const params = { assistant_id: assistant.id, thread };
    const run = await openai.beta.threads.createAndRunPoll(params);
    expect(run.status).toBe('completed');
    const events: string[] = [];
    const stream = openai.beta.threads.createAndRunStream(params);
    stream.on('event', ({ event }) => void events.push(event));
    expect(await stream.finalMessages()).toHaveLength(1);
    expect(events.at(-1)).toBe('thread.run.completed');
    const messages = await openai.beta.threads.messages.list(run.thread_id);
    expect(messages.data.map(({ role }) => role)).toEqual(['assistant', 'user']);
    expect(server.stdout()).toBe('');
  });

  test('serves /healthz and /metrics', async () => {
    const server = serve();
    const url = (await baseURLOf(server)).replace(/\/v1$/u, '');
    const health = await fetch(`${url}/healthz`);
    expect([health.status, await health.json()]).toMatchObject([200, { status: 'ok' }]);
    const metrics = await fetch(`${url}/metrics`);
    expect(await metrics.text()).toContain('assistants_mcp_database_up 1\n');
  });

  test.skipIf(process.platform === 'win32').each(['SIGTERM', 'SIGINT'] as const)(
    'finishes responses in progress on %s and exits with 0',
    async (signal) => {
      const { promise: requested, resolve } = Promise.withResolvers<() => void>();
      const OPENAI_BASE_URL = await startEndpoint((_request, response) =>
        resolve(() => {
          response.end('{"late":true}');
        }),
      );
      const server = serve({ OPENAI_BASE_URL });
      const fetching = fetch(`${await baseURLOf(server)}/models`);
      const respond = await requested;
      server.signal(signal);
      await server.logged('"stopping"');
      respond();
      expect(await (await fetching).json()).toEqual({ late: true });
      expect(await server.exited).toBe(0);
    },
  );

  test.skipIf(process.platform === 'win32')('exits with 1 at once on a second signal', async () => {
    const { promise: requested, resolve } = Promise.withResolvers<void>();
    const OPENAI_BASE_URL = await startEndpoint(() => resolve());
    const server = serve({ OPENAI_BASE_URL });
    const fetching = fetch(`${await baseURLOf(server)}/models`).catch(() => 'failed');
    await requested;
    server.signal('SIGTERM');
    await server.logged('"stopping"');
    server.signal('SIGTERM');
    expect(await server.exited).toBe(1);
    expect(await fetching).toBe('failed');
  });
});

const curl = (...args: string[]) =>
  spawnSync('curl', ['--silent', '--max-time', '20', ...args], { encoding: 'utf8' });

test.skipIf(curl('--version').status !== 0)('curl creates, reads and streams a run', async () => {
  const server = serve();
  const url = await baseURLOf(server);
  const json = ['-H', 'Content-Type: application/json', '-H', 'OpenAI-Beta: assistants=v1'];
  const createdObject = z.looseObject({ id: z.string(), thread_id: z.string().optional() });
  const request = (...args: string[]) =>
    createdObject.parse(JSON.parse(curl(...json, ...args).stdout));
  const { id: assistant_id } = request(`${url}/assistants`, '-d', '{"model":"gpt-4o"}');
  const body = JSON.stringify({ assistant_id, thread });
  const { id, thread_id } = request(`${url}/threads/runs`, '-d', body);
  expect(request(`${url}/threads/${thread_id}/runs/${id}`)).toMatchObject({ object: 'thread.run' });
  const { stdout } = curl(
    ...json,
    '-N',
    `${url}/threads/runs`,
    '-d',
    `{"stream":true,${body.slice(1)}`,
  );
  expect(stdout).toMatch(/^event: thread\.created\ndata: \{.*event: done\ndata: \[DONE\]\n\n$/su);
});
