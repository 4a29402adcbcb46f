import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { http, isStdio, runClient, stdio } from './setting.mjs';

const client = new Client({ name: 'host', version: '1' });
await client.connect(
  isStdio
    ? new StdioClientTransport(stdio)
    : new StreamableHTTPClientTransport(new URL(http.url), {
        requestInit: { headers: http.headers },
      }),
);
await runClient(client);
