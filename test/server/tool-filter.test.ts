import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { describe, expect, onTestFinished, test } from 'vitest';
import { namesByToolset } from '../../src/tools/toolsets.ts';
import { type RunningServe, sdkFor, startServe } from '../support/serve.ts';

const info = { name: 'test', version: '1' };

interface McpClient {
  readonly instructions: string;
  readonly tools: readonly string[];
  readonly call: (name: string, args: object) => Promise<unknown>;
}

async function connectOld({ url }: RunningServe, query = ''): Promise<McpClient> {
  const client = new OldClient(info);
  await client.connect(new OldTransport(new URL(`${url}/mcp${query}`)));
  onTestFinished(() => client.close());
  return {
    instructions: client.getInstructions() ?? '',
    tools: (await client.listTools()).tools.map(({ name }) => name),
    call: (name, args) => client.callTool({ name, arguments: { ...args } }),
  };
}

async function connectNew({ url }: RunningServe, query = ''): Promise<McpClient> {
  const client = new Client(info, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
  await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp${query}`)));
  onTestFinished(() => client.close());
  return {
    instructions: client.getInstructions() ?? '',
    tools: (await client.listTools()).tools.map(({ name }) => name),
    call: (name, args) => client.callTool({ name, arguments: { ...args } }),
  };
}

const { runs, run_steps: steps, messages } = namesByToolset.default;

/** Flags of `serve`, the caller's query, and the tools that are listed. */
const cases: readonly (readonly [string[], string, readonly string[]])[] = [
  [[], '?toolsets=runs,run_steps', [...runs, ...steps]],
  [[], '?toolsets=runs&read_only=true', ['list_runs', 'get_run']],
  [[], '?tools=get_run,create_message', ['get_run', 'create_message']],
  [[], '?toolsets=runs&tools=get_run,create_message', ['get_run']],
  [[], '?toolsets=run_steps&exclude_tools=get_run_step', ['list_run_steps']],
  [['--toolsets', 'runs'], '?toolsets=all', runs],
  [['--toolsets', 'runs'], '?toolsets=messages', []],
  [['--toolsets', 'runs'], '?tools=list_messages,get_run', ['get_run']],
  [['--tools', 'get_run,list_runs'], '?tools=get_run,cancel_run', ['get_run']],
  [['--tools', 'get_run'], '?toolsets=messages', []],
  [['--exclude-tools', 'get_run'], '?tools=get_run,list_runs', ['list_runs']],
  [
    ['--toolsets', 'run_steps', '--exclude-tools', 'get_run_step'],
    '?exclude_tools=get_run',
    ['list_run_steps'],
  ],
  [['--read-only', '--toolsets', 'runs'], '?read_only=false', ['list_runs', 'get_run']],
  [['--read-only'], '?tools=create_run,get_run', ['get_run']],
  [['--toolsets', 'runs,messages'], '?toolsets=runs&toolsets=messages', []],
  [[], '?read_only=true&read_only=false&toolsets=runs', ['list_runs', 'get_run']],
  [[], '?tools=get_run&tools=list_runs', []],
  [['--tool-names', 'capability'], '?tools=openai-apis-list-runs', ['openai-apis-list-runs']],
  [['--toolsets', 'messages', '--exclude-tools', 'delete_message'], '', messages.slice(0, -1)],
];

describe.each([
  ['the 2025 client', connectOld],
  ['the 2026 client', connectNew],
] as const)('%s', (_name, connect) => {
  test.each(cases)('on serve %j, /mcp%s lists %j', async (argv, query, expected) => {
    const served = await startServe({ argv });
    expect((await connect(served, query)).tools).toEqual(expected);
  });

  test.each<[string[], string]>([
    [['--tools', 'list_assistants'], ''],
    [['--exclude-tools', 'create_assistant'], ''],
    [['--read-only', '--tools', 'create_assistant'], ''],
    [[], '?exclude_tools=create_assistant'],
    [[], '?toolsets=threads'],
    [[], '?read_only=1'],
  ])('cannot call a tool that serve %j, /mcp%s does not list', async (argv, query) => {
    const served = await startServe({ argv });
    const { call } = await connect(served, query);
    const outcome: unknown = await call('create_assistant', { model: 'm' }).catch(
      (error: unknown) => ({ isError: true, content: String(error) }),
    );
    expect(outcome).toMatchObject({ isError: true });
    expect(JSON.stringify(outcome)).toMatch(/create_assistant.*(?:not found|unknown)/iu);
    expect((await sdkFor(served).beta.assistants.list()).data).toEqual([]);
  });

  test('is told only of tools that it can call', async () => {
    const served = await startServe();
    const query = '?exclude_tools=get_run,submit_tool_outputs,list_threads';
    const { instructions, call } = await connect(served, query);
    expect(instructions).toContain('create_run');
    expect(instructions).not.toMatch(/get_run|submit_tool_outputs/u);
    const missing = JSON.stringify(await call('get_thread', { thread_id: 'thread_none' }));
    expect(missing).toContain("No thread found with id 'thread_none'.");
    expect(missing).not.toContain('list_threads');
    const { id } = await sdkFor(served).beta.assistants.create({ model: 'm' });
    const args = { assistant_id: id, instructions: 'Answer.', wait_seconds: 0 };
    const run = JSON.stringify(await call('create_thread_and_run', args));
    expect(run).toContain('run_');
    expect(run).not.toContain('get_run');
    // Another caller of the same server is not affected.
    expect((await connect(served)).tools).toHaveLength(32);
  });
});

const toolsetSentence =
  "toolsets: 'stores' is not a toolset; use all, or some of runs,run_steps,message_files,messages,threads,assistants,files,vector_stores.";

describe('/mcp answers with a 400', () => {
  test.each([
    ['?toolsets=stores', 'toolsets', toolsetSentence],
    ['?toolsets=stores,shops', 'toolsets', toolsetSentence],
    ['?tools=list_run', 'tools', "tools: 'list_run' is not a tool; did you mean list_runs?"],
    ['?tools=', 'tools', 'tools: must be names of tools, such as create_run,get_run.'],
    [
      '?exclude_tools=delete_thraed',
      'exclude_tools',
      "exclude_tools: 'delete_thraed' is not a tool; did you mean delete_thread?",
    ],
    ['?read_only=maybe', 'read_only', "read_only: 'maybe' is not true or false."],
    ['?read_only', 'read_only', "read_only: '' is not true or false."],
    [
      '?readonly=true',
      'readonly',
      'readonly: not a parameter of this URL; use toolsets, tools, exclude_tools, read_only.',
    ],
    [
      '?__proto__=1',
      '__proto__',
      '__proto__: not a parameter of this URL; use toolsets, tools, exclude_tools, read_only.',
    ],
  ])('to %s', async (query, param, message) => {
    const served = await startServe();
    for (const method of ['POST', 'GET', 'DELETE']) {
      const response = await fetch(`${served.url}/mcp${query}`, { method });
      expect(response.status).toBe(400);
      expect(await response.json()).toEqual({
        error: { message, type: 'invalid_request_error', param, code: 'invalid_value' },
      });
    }
  });

  test('that is short, whatever the length of the value', async () => {
    const served = await startServe();
    const long = 'x'.repeat(14_000);
    for (const query of [`toolsets=${long}`, `tools=${long}`, `read_only=${long}`, `${long}=1`]) {
      const response = await fetch(`${served.url}/mcp?${query}`, { method: 'POST' });
      expect(response.status).toBe(400);
      expect((await response.text()).length).toBeLessThan(1500);
    }
  });
});
