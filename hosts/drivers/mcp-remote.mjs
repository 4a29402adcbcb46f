// Connects a client over stdio to the server over HTTP, through the bridge.
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { folder, http, runClient } from './setting.mjs';

const headers = Object.entries(http.headers).flatMap(([name, value]) => [
  '--header',
  `${name}:${value}`,
]);
const client = new Client({ name: 'host', version: '1' });
await client.connect(
  new StdioClientTransport({
    command: join(folder, 'node_modules/.bin/mcp-remote'),
    args: [http.url, '--allow-http', ...headers],
    env: { PATH: process.env.PATH, HOME: process.env.HOME },
  }),
);
await runClient(client);
