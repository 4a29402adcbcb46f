import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { http, isStdio, runClient, stdio } from './setting.mjs';

const client = new Client({ name: 'host', version: '1' }, { versionNegotiation: { mode: 'auto' } });
await client.connect(
  isStdio
    ? new StdioClientTransport(stdio)
    : new StreamableHTTPClientTransport(new URL(http.url), {
        requestInit: { headers: http.headers },
      }),
);
await runClient(client);
