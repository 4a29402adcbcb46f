import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { callJob, http, isStdio, requireTools, stdio } from './setting.mjs';

const client = new Client({ name: 'host', version: '1' }, { versionNegotiation: { mode: 'auto' } });
await client.connect(
  isStdio
    ? new StdioClientTransport(stdio)
    : new StreamableHTTPClientTransport(new URL(http.url), {
        requestInit: { headers: http.headers },
      }),
);
const { tools } = await client.listTools();
requireTools(tools.map(({ name }) => name));
await callJob((name, args) => client.callTool({ name, arguments: args }));
await client.close();
