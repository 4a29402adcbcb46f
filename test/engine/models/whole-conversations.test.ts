import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type OpenAI from 'openai';
import { describe, expect, onTestFinished, test } from 'vitest';
import { toolCall } from '../../support/chat-replies.ts';
import {
  callIds,
  createAssistant,
  readMessages,
  readRun,
  textOf,
  type WithClient,
} from '../../support/conversation.ts';
import { listen } from '../../support/loopback-server.ts';
import { modelServers } from '../../support/model-servers/index.ts';
import type { ModelServer } from '../../support/model-servers/server.ts';
import { openAt } from '../../support/model-servers/trial.ts';
import { sdkFor, startServe } from '../../support/serve.ts';

type Run = OpenAI.Beta.Threads.Run;

/** A program whose model endpoint is the server. */
interface Program extends WithClient {
  /** Creates a run and waits until it ends or waits for outputs. */
  readonly run: (thread_id: string, params: { assistant_id: string }) => Promise<Run>;
  /** Submits outputs and waits in the same way. */
  readonly submit: (run: Run, output: string) => Promise<Run>;
  /** Creates a run with an MCP tool, where the program has one. */
  readonly runByTool: Program['run'];
}

const outputsFor = (run: Run, output: string) =>
  callIds(run).map((tool_call_id) => ({ tool_call_id, output }));

/** The engine alone: only so can a test stand for OpenAI and Azure. */
async function openEngine(server: ModelServer): Promise<Program> {
  const harness = await openAt(server);
  const { runs } = harness.openai.beta.threads;
  const run: Program['run'] = async (thread_id, params) => {
    const created = await runs.create(thread_id, params);
    await harness.runToEnd();
    return readRun(harness, created);
  };
  return {
    openai: harness.openai,
    run,
    runByTool: run,
    async submit({ id, thread_id, ...rest }, output) {
      const tool_outputs = outputsFor({ id, thread_id, ...rest }, output);
      await runs.submitToolOutputs(id, { thread_id, tool_outputs });
      await harness.runToEnd();
      return readRun(harness, { id, thread_id });
    },
  };
}

/** `serve`, called over sockets by the official clients of REST and MCP. */
async function openServe(server: ModelServer): Promise<Program> {
  const OPENAI_BASE_URL = `${await listen((request) => server.fetch(request))}/v1`;
  const served = await startServe({ env: { OPENAI_BASE_URL } });
  const openai = sdkFor(served);
  const { runs } = openai.beta.threads;
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(new URL(`${served.url}/mcp`)));
  onTestFinished(() => client.close());
  return {
    openai,
    run: (thread_id, params) => runs.stream(thread_id, params).finalRun(),
    submit: (run, output) => {
      const tool_outputs = outputsFor(run, output);
      const { id, thread_id } = run;
      return runs.submitToolOutputsStream(id, { thread_id, tool_outputs }).finalRun();
    },
    async runByTool(thread_id, params) {
      const call = { name: 'create_run', arguments: { thread_id, ...params } };
      const { structuredContent } = await client.callTool(call);
      return readRun({ openai }, { thread_id, id: String(Object(structuredContent).id) });
    },
  };
}

const isOpenAIOrAzure = ({ baseURL }: ModelServer): boolean => baseURL.includes('openai.');

const longText = 'It snows and snows. '.repeat(4000);

const parallelCalls = [
  toolCall('get_weather', { city: 'Oslo' }),
  toolCall('get_weather', { city: 'Rome' }),
];

describe.each(modelServers.map((create) => ({ create, name: create().name })))(
  'at $name, with --model-api auto',
  ({ create }) => {
    test('a conversation has parallel calls, JSON mode and a long prompt', async () => {
      const server = create();
      const program = await (isOpenAIOrAzure(server) ? openEngine : openServe)(server);
      const { threads } = program.openai.beta;
      const { id: assistant_id } = await createAssistant(program);
      const { id: thread_id } = await threads.create();
      const say = (content: string) =>
        threads.messages.create(thread_id, { role: 'user', content });

      await say('Weather in Oslo and Rome?');
      server.respondWith({ text: 'Let me see.', calls: parallelCalls }, { text: 'Cold in both.' });
      const waiting = await program.run(thread_id, { assistant_id });
      expect([waiting.status, waiting.last_error]).toEqual(['requires_action', null]);
      expect(callIds(waiting)).toHaveLength(2);
      expect(await program.submit(waiting, '-3 C')).toMatchObject({ status: 'completed' });

      await say('Now as data.');
      server.respondWith({ text: '{"oslo":-3}' });
      const inJson = { assistant_id, response_format: { type: 'json_object' } };
      const json = await program.runByTool(thread_id, inJson);
      expect([json.status, json.last_error]).toEqual(['completed', null]);
      expect(json).not.toHaveProperty('response_format_mismatch');

      await say(longText);
      server.respondWith({ text: 'A lot of snow.' });
      const limits = { assistant_id, temperature: 0.2, max_completion_tokens: 100 };
      const long = await program.run(thread_id, limits);
      expect([long.status, long.last_error]).toEqual(['completed', null]);

      const messages = await readMessages(program, thread_id);
      const replies = messages.filter(({ role }) => role === 'assistant').map(textOf);
      expect(replies).toEqual(['Let me see.', 'Cold in both.', '{"oslo":-3}', 'A lot of snow.']);
      const last = JSON.stringify(server.requests.at(-1)?.body);
      for (const text of ['Cold in both.', 'Now as data.', longText]) expect(last).toContain(text);
      expect(server.rejections).toEqual([]);
    });
  },
);
