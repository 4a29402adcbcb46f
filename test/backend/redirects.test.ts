import { toFile } from 'openai';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createBackend } from '../../src/backend/backend.ts';
import { createEndpointFiles } from '../../src/engine/models/endpoint-files.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { randomIds } from '../../src/shared/ids.ts';
import { createLog } from '../../src/shared/log.ts';
import { configOf } from '../support/config.ts';
import { apiErrorOf } from '../support/conversation.ts';
import { type RedirectingServer, startRedirecting } from '../support/redirects.ts';

const apiKey = 'sk-secret-0123456789abcdef';
const statuses = [301, 302, 303, 307, 308];

/** A server that redirects everything to the same path of a second server. */
async function startPair(status: number) {
  const other = await startRedirecting(() => null);
  const server = await startRedirecting((path) => ({ status, location: other.origin + path }));
  return { server, other };
}

/** The SDK client of the tools, with these environment variables. */
function connect(env: Readonly<Record<string, string>>) {
  const config = configOf({
    env: { OPENAI_API_KEY: apiKey, ASSISTANTS_DATABASE: ':memory:', ...env },
    home: '/nowhere',
  });
  const log = createLog({ level: 'error', secrets: [], now: () => 0, write: () => {} });
  const backend = createBackend({ config, clock: systemClock, ids: randomIds, log });
  onTestFinished(() => backend.stop(0));
  return backend.client();
}

const refusal = (
  { server, other }: Record<'server' | 'other', RedirectingServer>,
  setting: string,
) =>
  `${server.origin} redirects to ${other.origin}, which is another origin; set ${setting} to it if you trust it.`;

describe.each(statuses)('a %i to another origin is not followed', (status) => {
  test.each([{}, { ASSISTANTS_API_VERSION: '2024-05-01-preview' }])(
    'by the tools in remote mode, with %j',
    async (env) => {
      const pair = await startPair(status);
      const openai = await connect({ ASSISTANTS_BASE_URL: pair.server.origin, ...env });
      const calls = [openai.beta.assistants.list(), openai.beta.threads.create({})];
      for (const call of calls) {
        expect(await apiErrorOf(call)).toMatchObject({
          status: 502,
          message: refusal(pair, 'ASSISTANTS_BASE_URL'),
        });
      }
      expect(pair.server.received).toHaveLength(2);
      expect(pair.other.received).toEqual([]);
    },
  );

  test.each(['responses', 'chat', 'auto'])('by a model call of the API %s', async (api) => {
    const pair = await startPair(status);
    const env = { OPENAI_BASE_URL: `${pair.server.origin}/v1`, ASSISTANTS_MODEL_API: api };
    const openai = await connect(env);
    const { id } = await openai.beta.assistants.create({ model: 'm' });
    const run = await openai.beta.threads.createAndRunPoll(
      { assistant_id: id, thread: { messages: [{ role: 'user', content: 'secret prompt' }] } },
      { pollIntervalMs: 10 },
    );
    expect(run.status).toBe('failed');
    expect(run.last_error?.message).toBe(refusal(pair, 'OPENAI_BASE_URL'));
    expect(pair.server.received).toHaveLength(1);
    expect(pair.other.received).toEqual([]);
  });

  test('by the files of the model endpoint', async () => {
    const pair = await startPair(status);
    const openai = await connect({
      OPENAI_BASE_URL: `${pair.server.origin}/v1`,
      ASSISTANTS_FILES: 'endpoint',
    });
    const file = await toFile(Buffer.from('secret'), 'a.txt');
    const message = refusal(pair, 'OPENAI_BASE_URL');
    const calls = [openai.files.list(), openai.files.create({ file, purpose: 'assistants' })];
    for (const call of calls) {
      expect(await apiErrorOf(call)).toMatchObject({ status: 502, message });
    }
    const files = createEndpointFiles({ apiKey, baseURL: `${pair.server.origin}/v1` });
    const { signal } = new AbortController();
    await expect(files.createVectorStore({ file_ids: [] })).rejects.toThrow(message);
    await expect(files.upload(new File(['secret'], 'a.txt'), signal)).rejects.toThrow(message);
    expect(pair.other.received).toEqual([]);
  });

  test('by the download of a generated image, which sends no key', async () => {
    const pair = await startPair(status);
    const files = createEndpointFiles({ apiKey, baseURL: 'https://api.example/v1' });
    const { signal } = new AbortController();
    const url = `${pair.server.origin}/image.png`;
    await expect(files.downloadGenerated({ url }, signal)).rejects.toThrow(
      `${pair.server.origin} redirects to ${pair.other.origin}, which is another origin; the image is not downloaded from there.`,
    );
    expect(JSON.stringify(pair.server.received)).not.toContain(apiKey);
    expect(pair.other.received).toEqual([]);
  });
});

test('a redirect within the remote server is followed with the key', async () => {
  const server = await startRedirecting((path) =>
    path.startsWith('/v2') ? null : { status: 308, location: `/v2${path}` },
  );
  const openai = await connect({ ASSISTANTS_BASE_URL: server.origin });
  expect((await openai.beta.assistants.list()).data).toEqual([]);
  expect(server.received[1]).toMatchObject({
    line: 'GET /v2/assistants',
    headers: { authorization: `Bearer ${apiKey}` },
  });
});
