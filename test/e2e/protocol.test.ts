import { expect, test } from 'vitest';
import * as z from 'zod';
import manifest from '../../package.json' with { type: 'json' };
import { toolList } from '../../src/tools/tool-list.ts';
import { initialize, initializeParams, startServer } from './server.ts';

const serverInfo = {
  name: 'assistants-mcp',
  title: 'Assistants API',
  version: manifest.version,
  description: expect.stringContaining('OpenAI Assistants API'),
  icons: [
    {
      src: expect.stringMatching(/^data:image\/png;base64,/u),
      mimeType: 'image/png',
      sizes: ['64x64'],
    },
  ],
};

test.each(['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'])(
  'initialize is answered in protocol version %s',
  async (protocolVersion) => {
    const server = startServer();
    const { result } = await server.request('initialize', initializeParams(protocolVersion));
    expect(result).toMatchObject({ protocolVersion, serverInfo, capabilities: { tools: {} } });
  },
);

test('initialize with an unknown version is answered in 2025-11-25', async () => {
  const { result } = await startServer().request('initialize', initializeParams('2099-01-01'));
  expect(result).toMatchObject({ protocolVersion: '2025-11-25' });
});

test('server/discover is answered in 2026-07-28', async () => {
  const server = startServer();
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const { result } = await server.request('server/discover', { _meta: meta });
  expect(result).toMatchObject({
    supportedVersions: expect.arrayContaining(['2026-07-28']),
    capabilities: { tools: {} },
    _meta: { 'io.modelcontextprotocol/serverInfo': serverInfo },
  });
  const listed = await server.request('tools/list', { _meta: meta });
  expect(listed.result?.['tools']).toHaveLength(32);
});

test('neither initialize nor tools/list opens the database', async () => {
  const server = startServer({ args: ['--database', '/nowhere/at/all.db'] });
  await initialize(server);
  expect((await server.request('tools/list')).result?.['tools']).toHaveLength(32);
  server.end();
  expect(await server.exited).toBe(0);
  expect(server.stderr()).not.toContain('"level":"error"');
});

test.each([
  [['--read-only'], 16],
  [['--toolsets', 'runs,run_steps'], 9],
  [['--toolsets', 'runs', '--read-only'], 2],
  [['--tool-names', 'capability'], 8],
  [['--tools', 'get_run,create_run,list_files'], 3],
  [['--exclude-tools', 'delete_file,delete_thread'], 30],
  [['--tools', 'get_run,create_run', '--read-only'], 1],
])('with the flags %j, %i tools are listed', async (args, count) => {
  const server = startServer({ args });
  await initialize(server);
  expect((await server.request('tools/list')).result?.['tools']).toHaveLength(count);
});

test('a tool that is not listed cannot be called', async () => {
  const server = startServer({ args: ['--exclude-tools', 'create_assistant'] });
  await initialize(server);
  const call = { name: 'create_assistant', arguments: { model: 'm' } };
  const { error, result } = await server.request('tools/call', call);
  expect(JSON.stringify(error ?? result)).toContain('create_assistant not found');
  expect((await server.request('tools/list')).result?.['tools']).toHaveLength(31);
});

test('the precomputed tool list of the build equals that of the source', async () => {
  const server = startServer({ args: ['--toolsets', 'all,vector_stores'] });
  await initialize(server);
  const { result } = await server.request('tools/list');
  const expected = toolList.default.map((listing) => {
    const { name, title, description, annotations, inputSchema, outputSchema } = listing;
    const tool = { name, title, description, annotations, inputSchema };
    return outputSchema === null ? tool : { ...tool, outputSchema };
  });
  // The app is no part of the list that is computed at build time.
  const tools = z.array(z.looseObject({ _meta: z.unknown().optional() })).parse(result?.['tools']);
  expect(tools.map(({ _meta: _app, ...tool }) => tool)).toEqual(expected);
});
