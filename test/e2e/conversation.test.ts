import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { Client as Client2025 } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { cleanEnv, script, temporaryFolder } from './server.ts';

/** Calls a tool, adds its progress messages to `progress` and resolves to its structured content. */
type Call = (name: string, args: object, progress?: string[]) => Promise<unknown>;

function contentOf(result: Readonly<Record<string, unknown>>): unknown {
  if (result['isError'] === true) throw new Error(JSON.stringify(result['content']));
  return result['structuredContent'];
}

const clientInfo = { name: 'test', version: '1' };

/** Progress that a client reads together with the answer is an error that has the notification. */
const lateProgress =
  (progress: string[] = []) =>
  ({ message }: Error) =>
    void progress.push(message);

const launch = () => ({
  command: process.execPath,
  args: [script, '--model-api', 'scripted'],
  env: cleanEnv(temporaryFolder()),
  stderr: 'ignore' as const,
});

async function connectOld(): Promise<Call> {
  const client = new Client2025(clientInfo);
  await client.connect(new OldTransport(launch()));
  onTestFinished(() => client.close());
  return async (name, args, progress) => {
    const onprogress = ({ message }: { message?: string | undefined }) =>
      void progress?.push(message ?? '');
    Object.assign(client, { onerror: lateProgress(progress) });
    const result = await client.callTool({ name, arguments: { ...args } }, undefined, {
      onprogress,
    });
    return contentOf(result);
  };
}

const connectNew = (mode: 'auto' | 'legacy') => async (): Promise<Call> => {
  const client = new Client(clientInfo, { versionNegotiation: { mode } });
  await client.connect(new StdioClientTransport(launch()));
  onTestFinished(() => client.close());
  return async (name, args, progress) => {
    const onprogress = ({ message }: { message?: string | undefined }) =>
      void progress?.push(message ?? '');
    Object.assign(client, { onerror: lateProgress(progress) });
    const result = await client.callTool({ name, arguments: { ...args } }, { onprogress });
    return contentOf(result);
  };
};

const withId = z.looseObject({ id: z.string() });
const waitingRun = z.object({
  id: z.string(),
  thread_id: z.string(),
  status: z.literal('requires_action'),
  next: z.string(),
  required_action: z.object({
    submit_tool_outputs: z.object({ tool_calls: z.tuple([withId]) }),
  }),
});

const getWeather = { type: 'function', function: { name: 'get_weather', parameters: {} } };

test.each([
  ['the 2025 client', connectOld],
  ['the 2026 client in legacy mode', connectNew('legacy')],
  ['the 2026 client in auto mode', connectNew('auto')],
])('%s completes a run with a tool call', async (_name, connect) => {
  const call = await connect();
  const assistant = withId.parse(
    await call('create_assistant', { model: 'gpt-4.1-mini', tools: [getWeather] }),
  );
  const progress: string[] = [];
  const messages = [{ role: 'user', content: 'How is the weather?' }];
  const params = { assistant_id: assistant.id, thread: { messages }, wait_seconds: 45 };
  const waiting = waitingRun.parse(await call('create_thread_and_run', params, progress));
  const { id: run_id, thread_id, required_action: action } = waiting;
  const [{ id: tool_call_id }] = action.submit_tool_outputs.tool_calls;
  expect(waiting.next).toContain(tool_call_id);
  expect(progress.join('\n')).toContain(run_id);
  const outputs = { tool_outputs: [{ tool_call_id, output: 'light rain' }], wait_seconds: 45 };
  expect(await call('submit_tool_outputs', { thread_id, run_id, ...outputs })).toMatchObject({
    id: run_id,
    status: 'completed',
    reply: expect.stringContaining('light rain'),
  });
  expect(await call('list_run_steps', { thread_id, run_id, order: 'asc' })).toMatchObject({
    data: [{ type: 'tool_calls' }, { type: 'message_creation' }],
  });
  expect(await call('list_messages', { thread_id })).toMatchObject({
    data: [{ role: 'assistant', run_id }, { role: 'user' }],
  });
});
