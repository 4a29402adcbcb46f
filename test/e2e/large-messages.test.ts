import { Client as NewClient } from '@modelcontextprotocol/client';
import { StdioClientTransport as NewTransport } from '@modelcontextprotocol/client/stdio';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { describe, expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { startEndpoint } from './endpoint.ts';
import { cleanEnv, initialize, script, startServer, temporaryFolder } from './server.ts';

const info = { name: 'test', version: '1' };

type CallTool = (name: string, args: object) => Promise<unknown>;

const processOf = (env: Readonly<Record<string, string>>) => ({
  command: process.execPath,
  args: [script],
  env: { ...cleanEnv(temporaryFolder()), ASSISTANTS_MODEL_API: 'scripted', ...env },
  stderr: 'ignore' as const,
});

async function connectOld(env: Readonly<Record<string, string>> = {}): Promise<CallTool> {
  const client = new OldClient(info);
  await client.connect(new OldTransport(processOf(env)));
  onTestFinished(() => client.close());
  return (name, args) => client.callTool({ name, arguments: { ...args } });
}

async function connectNew(env: Readonly<Record<string, string>> = {}): Promise<CallTool> {
  const client = new NewClient(info, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
  await client.connect(new NewTransport(processOf(env)));
  onTestFinished(() => client.close());
  return (name, args) => client.callTool({ name, arguments: { ...args } });
}

const page = z.object({
  structuredContent: z.looseObject({
    data: z.array(z.object({ id: z.string() })),
    next: z.string().optional(),
  }),
});
type Page = z.infer<typeof page>['structuredContent'];

const run = z.object({
  structuredContent: z.object({
    id: z.string(),
    instructions: z.string(),
    truncated: z.string(),
  }),
});

const messages = Array.from({ length: 100 }, (_, index) => ({
  id: `msg_${index}`,
  content: [{ type: 'text', text: { value: 'x'.repeat(64_000), annotations: [] } }],
}));

/** What a remote Assistants server answers. */
function answerTo({ pathname, searchParams }: URL): object {
  if (pathname.endsWith('/messages')) {
    const first = messages.findIndex(({ id }) => id === searchParams.get('after')) + 1;
    return { object: 'list', data: messages.slice(first), has_more: false };
  }
  if (!pathname.includes('/runs/')) return { error: { message: 'e'.repeat(12 * 2 ** 20) } };
  return { id: 'run_1', status: 'cancelled', instructions: '\u0001'.repeat(3 * 2 ** 20) };
}

/** The environment of a program whose remote server gives huge answers. */
async function hugeAnswers(): Promise<Record<string, string>> {
  const baseUrl = await startEndpoint(({ url }, response) => {
    const body = answerTo(new URL(url ?? '/', 'http://remote'));
    response.writeHead('error' in body ? 400 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  });
  return { ASSISTANTS_BASE_URL: baseUrl, ASSISTANTS_MODEL_API: '' };
}

describe.each([
  ['the SDK of 2025', connectOld],
  ['the SDK of 2026', connectNew],
])('with %s over stdio', (_, connect) => {
  test('a page of 100 long messages is read in parts', async () => {
    const call = await connect(await hugeAnswers());
    const readPage = async (args: object): Promise<Page> =>
      page.parse(await call('list_messages', args)).structuredContent;
    const first = await readPage({ thread_id: 'thread_1', limit: 100, verbose: true });
    const [, args = ''] = /^Call list_messages with (\{.*\}) to read/u.exec(first.next ?? '') ?? [];
    const second = await readPage(JSON.parse(args));
    const ids = [...first.data, ...second.data].map(({ id }) => id);
    expect(ids.length).toBeGreaterThan(first.data.length);
    expect(ids).toEqual(messages.slice(0, ids.length).map(({ id }) => id));
  });

  test('a run with huge instructions is cut', async () => {
    const call = await connect(await hugeAnswers());
    const result = await call('get_run', { thread_id: 'thread_1', run_id: 'run_1', verbose: true });
    const { instructions, truncated } = run.parse(result).structuredContent;
    expect(instructions).toMatch(/ \[cut: \d+ of 3145728 characters\]$/u);
    expect(truncated).toContain('The result was too large.');
  });

  test('an error of 12 MiB is cut, and the next call is answered', async () => {
    const call = await connect(await hugeAnswers());
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const result = await call('get_thread', { thread_id: 'thread_1' });
      expect(result).toMatchObject({ isError: true });
      expect(JSON.stringify(Object(result).content).length).toBeLessThan(2500);
    }
  });

  test('an assistant with huge functions is cut in the result only', async () => {
    const call = await connect();
    const parameters = { type: 'object', description: 'y'.repeat(7 * 2 ** 20) };
    const tools = [{ type: 'function', function: { name: 'f', parameters } }];
    expect(
      await call('create_assistant', { model: 'gpt-4.1-mini', tools, verbose: true }),
    ).toMatchObject({
      structuredContent: {
        id: expect.stringMatching(/^asst_/u),
        tools: [
          { function: { parameters: { description: expect.stringContaining('of 7340032') } } },
        ],
      },
    });
  });

  test('a call of 12 MiB fails with a sentence, and the next one succeeds', async () => {
    const call = await connect();
    const content = 'x'.repeat(12 * 2 ** 20);
    const args = { thread_id: 'thread_1', role: 'user', content };
    await expect(call('create_message', args)).rejects.toThrow(/larger than 10 MiB/u);
    expect(await call('create_thread', {})).toMatchObject({
      structuredContent: { id: expect.stringMatching(/^thread_/u) },
    });
  });
});

test('the built program answers invalid and huge lines, and goes on', async () => {
  const server = startServer({ args: ['--model-api', 'scripted'] });
  await initialize(server);
  server.write('{"jsonrpc":');
  server.write(
    `{"jsonrpc":"2.0","id":"huge","method":"ping","params":{"x":"${'x'.repeat(12 * 2 ** 20)}"}}`,
  );
  server.write('[]\r');
  expect((await server.request('ping')).result).toEqual({});
  const errors = server
    .stdout()
    .split('\n')
    .filter((line) => line.includes('"error"'));
  expect(errors.map((line) => JSON.parse(line))).toMatchObject([
    { id: null, error: { code: -32700 } },
    { id: 'huge', error: { code: -32600 } },
    { id: null, error: { code: -32600 } },
  ]);
  server.end();
  expect(await server.exited).toBe(0);
});
