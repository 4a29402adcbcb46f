// The smallest MCP server that the SDK can serve over stdio; run.ts compares assistants-mcp with it.
import { McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import * as z from 'zod';

serveStdio(() => {
  const server = new McpServer({ name: 'one-tool', version: '1.0.0' });
  server.registerTool(
    'echo',
    { description: 'Returns its argument.', inputSchema: z.strictObject({ text: z.string() }) },
    ({ text }) => ({ content: [{ type: 'text', text }] }),
  );
  return server;
});
