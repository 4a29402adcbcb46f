import { describe, expect, test } from 'vitest';
import { createBackend } from '../../src/backend/backend.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { randomIds } from '../../src/shared/ids.ts';
import { createLog } from '../../src/shared/log.ts';
import { configOf } from '../support/config.ts';
import { createFakeServer, errorResponse } from '../support/fake-assistants-server.ts';
import {
  completeVariable,
  connectOverHttp,
  connectOverStdio,
  peerNames,
  readText,
} from '../support/mcp-peers.ts';
import { sdkFor, startServe } from '../support/serve.ts';
import { connect, message, page, serverWith, thread } from '../support/stored-thread.ts';

const threadTemplate = 'assistants://threads/{thread_id}';
const runTemplate = 'assistants://threads/{thread_id}/runs/{run_id}';
describe.each(peerNames)('over HTTP, for %s', (name) => {
  test('a thread and its run are read as Markdown, and their ids are completed', async () => {
    const { peer, served } = await connectOverHttp(name);
    expect(peer.getServerCapabilities()).toMatchObject({ resources: {}, completions: {} });
    const { resourceTemplates } = await peer.listResourceTemplates();
    expect(resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toEqual([
      threadTemplate,
      runTemplate,
    ]);
    const sdk = sdkFor(served);
    const tools = [
      { type: 'function', function: { name: 'get_weather', parameters: {} } },
    ] as const;
    const assistant = await sdk.beta.assistants.create({ model: 'm', tools: [...tools] });
    const messages = [{ role: 'user' as const, content: 'How is the weather?' }];
    const older = await sdk.beta.threads.create({});
    const { id: thread_id } = await sdk.beta.threads.create({ messages });
    const fields = { assistant_id: assistant.id };
    const waiting = await sdk.beta.threads.runs.createAndPoll(thread_id, fields);
    const call = waiting.required_action?.submit_tool_outputs.tool_calls[0];
    const uri = `assistants://threads/${thread_id}/runs/${waiting.id}`;
    expect(await readText(peer, uri)).toContain('Next: Call submit_tool_outputs');
    const outputs = [{ tool_call_id: call?.id ?? '', output: 'light rain' }];
    await sdk.beta.threads.runs.submitToolOutputsAndPoll(waiting.id, {
      thread_id,
      tool_outputs: outputs,
    });
    const transcript = await readText(peer, `assistants://threads/${thread_id}`);
    expect(transcript).toMatch(/^# Thread `thread_\w+`\n/u);
    expect(transcript).toMatch(
      /\n## 1\. User, `msg_\w+`, 20[^\n]+Z\n\n> ```\n> How is the weather\?\n> ```\n/u,
    );
    expect(transcript).toMatch(/\n## 2\. Assistant, `msg_\w+`/u);
    const report = await readText(peer, uri);
    expect(report).toContain('- Status: `completed`');
    expect(report).toMatch(/- Tokens: `\d+` prompt \+ `\d+` completion = `\d+`/u);
    expect(report).toMatch(/### Call `call_\w+`: function `get_weather`/u);
    expect(report).toContain('Output:\n\n> ```\n> light rain\n> ```');
    expect(report).toMatch(/## Step 2: message, `step_\w+`/u);
    expect(await completeVariable(peer, threadTemplate, ['thread_id', ''])).toMatchObject({
      values: [thread_id, older.id],
      hasMore: false,
    });
    const run = ['run_id', waiting.id.slice(0, 8)] as const;
    expect(await completeVariable(peer, runTemplate, run, { thread_id })).toMatchObject({
      values: [waiting.id],
    });
    expect(await completeVariable(peer, runTemplate, run)).toMatchObject({ values: [] });
  });

  test('an unknown id is the protocol’s error with the API’s sentence', async () => {
    const { peer } = await connectOverHttp(name);
    for (const [uri, sentence] of [
      ['assistants://threads/thread_none', "No thread found with id 'thread_none'."],
      ['assistants://threads/thread_none/runs/run_none', "No thread found with id 'thread_none'."],
      ['assistants://threads/', "No resource has the URI 'assistants://threads/'."],
      ['file:///etc/passwd', "No resource has the URI 'file:///etc/passwd'."],
    ] as const) {
      const error: unknown = await peer.readResource({ uri }).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: -32_602, data: { uri } });
      expect(String(error)).toContain(sentence);
    }
  });

  test('a narrowed URL offers no more than its tools', async () => {
    const { peer } = await connectOverHttp(name, '?toolsets=files');
    await expect(peer.listResourceTemplates()).resolves.toMatchObject({ resourceTemplates: [] });
    await expect(peer.readResource({ uri: 'assistants://threads/thread_a' })).rejects.toThrow(
      'No resource has the URI',
    );
  });
});

describe.each(peerNames)('over stdio, for %s', (name) => {
  test('a thread is read, and starting and listing calls no server', async () => {
    const { openai, requestLines } = serverWith(page([message('msg_a', 'Hello')]));
    let clients = 0;
    const { peer } = await connectOverStdio(name, {
      openai: async () => {
        clients += 1;
        return openai;
      },
    });
    await peer.listResourceTemplates();
    await peer.listResources();
    expect([clients, requestLines]).toEqual([0, []]);
    expect(await readText(peer, 'assistants://threads/thread_a/')).toContain('> Hello');
    expect(requestLines).toEqual([
      'GET /threads/thread_a',
      'GET /threads/thread_a/messages?order=asc&limit=100',
    ]);
  });
});

test('a thread that is too large ends with the call that reads the rest', async () => {
  const many = Array.from({ length: 60 }, (_, index) =>
    message(`msg_${index}`, '<'.repeat(200_000)),
  );
  const { peer } = await connect(serverWith(page(many)));
  const result = await peer.readResource({ uri: 'assistants://threads/thread_a' });
  expect(Buffer.byteLength(JSON.stringify(result))).toBeLessThan(5 * 2 ** 20);
  const text = String(
    result.contents[0] && 'text' in result.contents[0] && result.contents[0].text,
  );
  const last = text
    .match(/`msg_\d+`/gu)
    ?.at(-1)
    ?.slice(1, -1);
  expect(text.slice(-300)).toContain(
    `Call list_messages with \`{"thread_id":"thread_a","order":"asc","after":"${last}"}\` to read the rest.`,
  );
});

test('one read asks for at most 1,000 messages', async () => {
  const { openai, requestLines } = serverWith((request: Request) => {
    const after = Number(new URL(request.url).searchParams.get('after')?.slice(4) ?? -1);
    const ids = Array.from({ length: 100 }, (_, index) => `msg_${after + 1 + index}`);
    return page(
      ids.map((id) => message(id, 'Hi')),
      true,
    );
  });
  const { peer } = await connectOverStdio('the 2025 SDK', { openai: async () => openai });
  const text = await readText(peer, 'assistants://threads/thread_a');
  expect(requestLines).toHaveLength(11);
  expect(text).toContain('"after":"msg_999"}` to read the rest.');
});

test('a message longer than the API allows is cut, with the call that reads it', async () => {
  const { peer } = await connect(serverWith(page([message('msg_a', 'é'.repeat(400_000))])));
  const text = await readText(peer, 'assistants://threads/thread_a');
  expect(text).toContain('… [cut: 300000 of 400000 characters]\n> ```\n');
  expect(text).toContain(
    'Call get_message with `{"thread_id":"thread_a","message_id":"msg_a"}` to read it.',
  );
});

test('ids with characters that URIs reserve are decoded', async () => {
  const id = 'thread/a b?c';
  const { openai, requestLines } = createFakeServer({
    'GET /threads/thread%2Fa%20b%3Fc': { ...thread, id },
    'GET /threads/thread%2Fa%20b%3Fc/messages': page([]),
  });
  const { peer } = await connectOverStdio('the 2025 SDK', { openai: async () => openai });
  const text = await readText(peer, `assistants://threads/${encodeURIComponent(id)}`);
  expect(text).toContain(`# Thread \`${id}\``);
  expect(text).toContain('The thread has no messages.');
  expect(requestLines).toHaveLength(2);
  for (const uri of ['assistants://threads/%ff', 'assistants://threads/..']) {
    await expect(peer.readResource({ uri })).rejects.toMatchObject({ code: -32_602 });
  }
});

test.each([
  [[], ['thread', 'run']],
  [['--read-only'], ['thread', 'run']],
  [['--toolsets', 'runs,run_steps'], ['run']],
  [['--toolsets', 'threads,messages'], ['thread']],
  [['--exclude-tools', 'list_messages'], ['run']],
  [['--tool-names', 'capability'], []],
])('with the flags %j, the templates %j are offered', async (argv, names) => {
  const { peer } = await connect(serverWith(page([])), argv);
  const { resourceTemplates } = await peer.listResourceTemplates();
  expect(resourceTemplates.map(({ name }) => name)).toEqual(names);
});

test('completion asks for one page of the newest objects, and only if its tool is listed', async () => {
  const ids = Array.from({ length: 100 }, (_, index) => ({ id: `thread_${index}` }));
  const server = () => serverWith(page([]), { 'GET /threads': page(ids, true) });
  const fake = server();
  const { peer } = await connect(fake);
  const { values, hasMore } = await completeVariable(peer, threadTemplate, ['thread_id', '_9']);
  expect(values).toEqual(ids.map(({ id }) => id).filter((id) => id.includes('_9')));
  expect(hasMore).toBe(true);
  expect(fake.requestLines).toEqual(['GET /threads?limit=100&order=desc']);
  const narrowed = await connect(server(), ['--exclude-tools', 'list_threads']);
  expect(await completeVariable(narrowed.peer, threadTemplate, ['thread_id', ''])).toMatchObject({
    values: [],
  });
});

test('a remote server that does not list threads completes nothing', async () => {
  const { peer } = await connect(createFakeServer({}));
  expect(await completeVariable(peer, threadTemplate, ['thread_id', ''])).toMatchObject({
    values: [],
  });
  await expect(completeVariable(peer, 'assistants://x/{y}', ['y', ''])).rejects.toThrow(
    "No resource template is 'assistants://x/{y}'.",
  );
});

test('an error of the server is redacted, cut and logged', async () => {
  const apiKey = 'sk-remote-0123456789abcdef';
  const fake = createFakeServer({
    'GET /threads/thread_a': errorResponse(401, `Wrong key ${apiKey}${'x'.repeat(5000)}`),
  });
  const { peer, logLines } = await connectOverStdio('the 2026 client', {
    openai: async () => fake.openai,
    env: { OPENAI_API_KEY: apiKey },
  });
  const error: unknown = await peer
    .readResource({ uri: 'assistants://threads/thread_a' })
    .catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: -32_603 });
  expect(String(error).length).toBeLessThan(2200);
  expect(`${String(error)}${logLines.join('')}`).not.toContain(apiKey);
  expect(logLines.join('')).toContain('"method":"resources/read"');
});

test('a URI that is too long to be repeated is refused', async () => {
  const { peer } = await connect(serverWith(page([])));
  const uri = `assistants://threads/${'x'.repeat(1100)}`;
  await expect(peer.readResource({ uri })).rejects.toThrow('params.uri is longer than 1024');
});

test('in remote mode, resources and completion read the other server', async () => {
  const served = await startServe();
  const { id } = await sdkFor(served).beta.threads.create({
    messages: [{ role: 'user', content: 'Hello from afar' }],
  });
  const env = { ASSISTANTS_BASE_URL: `${served.url}/v1` };
  const config = configOf({ env });
  const log = createLog({ level: 'error', secrets: [], now: () => 0, write: () => {} });
  const backend = createBackend({ config, clock: systemClock, ids: randomIds, log });
  const { peer } = await connectOverStdio('the 2025 SDK', { openai: () => backend.client(), env });
  expect(await readText(peer, `assistants://threads/${id}`)).toContain('> Hello from afar');
  const { values } = await completeVariable(peer, threadTemplate, ['thread_id', '']);
  expect(values).toEqual([id]);
});
