// The least that the SDK serves over stdio: what assistants-mcp is measured against.
import { McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import * as z from 'zod';

serveStdio(() => {
  const server = new McpServer({ name: 'one-tool', version: '1.0.0' });
  server.registerTool(
    'echo',
    { description: 'Says what it is told.', inputSchema: z.strictObject({ text: z.string() }) },
    ({ text }) => ({ content: [{ type: 'text', text }] }),
  );
  return server;
});
