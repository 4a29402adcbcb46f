import { expect, test } from 'vitest';
import * as z from 'zod';
import { createFakeServer } from '../support/fake-assistants-server.ts';
import { connectOverHttp, type Peer, peerNames } from '../support/mcp-peers.ts';
import { connect } from '../support/stored-thread.ts';

const uri = 'ui://assistants/run';
const mimeType = 'text/html;profile=mcp-app';
const app = { uri, mimeType, _meta: { ui: { prefersBorder: true } } };

async function toolsWithApp(peer: Peer): Promise<string[]> {
  const { tools } = await peer.listTools();
  return tools.filter(({ _meta }) => _meta?.['ui'] !== undefined).map(({ name }) => name);
}

const document = z.object({ contents: z.tuple([z.object({ text: z.string() })]) });

/** The names of the tools that the app may call. */
async function toolsOfApp(peer: Peer): Promise<unknown> {
  const { contents } = document.parse(await peer.readResource({ uri }));
  const [, names = ''] = /<script id="tools"[^>]*>([^<]*)/u.exec(contents[0].text) ?? [];
  return JSON.parse(names);
}

test.each(peerNames)('%s finds the app at four tools, and reads it', async (name) => {
  const { peer } = await connectOverHttp(name);
  const { tools } = await peer.listTools();
  const withApp = ['create_thread_and_run', 'create_run', 'get_run', 'submit_tool_outputs'];
  expect(await toolsWithApp(peer)).toEqual(withApp);
  expect(tools.find((tool) => tool.name === 'get_run')).toMatchObject({
    _meta: { ui: { resourceUri: uri }, 'ui/resourceUri': uri },
  });
  const { resources } = await peer.listResources();
  expect(resources).toContainEqual({
    ...app,
    name: 'run',
    title: 'Run',
    description: expect.any(String),
  });
  expect(await peer.readResource({ uri })).toMatchObject({ contents: [app] });
  expect(peer.getServerCapabilities()).toMatchObject({
    extensions: { 'io.modelcontextprotocol/ui': { mimeTypes: [mimeType] } },
  });
});

const read = ['get_run', 'list_messages', 'list_run_steps'];

test.each([
  [[], [...read, 'cancel_run', 'submit_tool_outputs', 'get_file', 'get_file_content']],
  [['--read-only'], [...read, 'get_file', 'get_file_content']],
  [
    ['--toolsets', 'runs,run_steps,messages'],
    [...read, 'cancel_run', 'submit_tool_outputs'],
  ],
])('with the flags %j, the app calls the tools %j', async (argv, expected) => {
  const { peer } = await connect(createFakeServer({}), argv);
  expect(await toolsOfApp(peer)).toEqual(expected);
});

test.each([
  [['--exclude-tools', 'list_messages']],
  [['--toolsets', 'runs']],
  [['--tool-names', 'capability']],
])('with the flags %j there is no app', async (argv) => {
  const { peer } = await connect(createFakeServer({}), argv);
  expect(await toolsWithApp(peer)).toEqual([]);
  const { resources } = await peer.listResources();
  expect(resources.map((resource) => resource.uri)).not.toContain(uri);
  await expect(peer.readResource({ uri })).rejects.toThrow('No resource has the URI');
  expect(peer.getServerCapabilities()?.extensions).not.toHaveProperty([
    'io.modelcontextprotocol/ui',
  ]);
});
