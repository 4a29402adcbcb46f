import { type CallToolResult, fromJsonSchema, type McpServer } from '@modelcontextprotocol/server';
import * as z from 'zod';
import { embedded, image, png, text, wav } from './content.ts';

const noArguments = z.object({});

/** Tools that return fixed content. */
function addFixedContentTools(server: McpServer): void {
  const fixed: Record<string, CallToolResult['content']> = {
    test_simple_text: [text('This is a simple text response for testing.')],
    test_image_content: [image],
    test_audio_content: [{ type: 'audio', data: wav, mimeType: 'audio/wav' }],
    test_embedded_resource: [
      embedded('test://embedded-resource', 'This is an embedded resource content.'),
    ],
    test_multiple_content_types: [
      text('Multiple content types test:'),
      { type: 'image', data: png, mimeType: 'image/png' },
      embedded('test://mixed-content-resource', '{"test":"data","value":123}', 'application/json'),
    ],
  };
  for (const [name, content] of Object.entries(fixed)) {
    server.registerTool(name, { description: name, inputSchema: noArguments }, () => ({ content }));
  }
}

/** Tools that send notifications or fail. */
function addNotifyingTools(server: McpServer): void {
  server.registerTool(
    'test_tool_with_logging',
    { description: 'Logs three times.', inputSchema: noArguments },
    async (_args, { mcpReq }) => {
      await mcpReq.log('info', 'Tool execution started');
      await mcpReq.log('info', 'Tool processing data');
      await mcpReq.log('info', 'Tool execution completed');
      return { content: [text('Logged three times.')] };
    },
  );
  server.registerTool(
    'test_tool_with_progress',
    { description: 'Reports progress.', inputSchema: noArguments },
    async (_args, { mcpReq }) => {
      const { _meta: meta } = mcpReq;
      const progressToken = meta?.progressToken;
      for (const progress of progressToken === undefined ? [] : [0, 50, 100]) {
        const params = { progressToken, progress, total: 100 };
        await mcpReq.notify({ method: 'notifications/progress', params });
      }
      return { content: [text('Reported.')] };
    },
  );
  server.registerTool(
    'test_error_handling',
    { description: 'Always fails.', inputSchema: noArguments },
    () => {
      throw new Error('This tool intentionally returns an error for testing');
    },
  );
}

/** Tools that send requests to the client, which a stateless 2025 server cannot do. */
function addRequestingTools(server: McpServer): void {
  const requestedSchema = {
    type: 'object' as const,
    properties: { username: { type: 'string' as const, default: 'ada' } },
    required: ['username'],
  };
  const names = [
    'test_elicitation',
    'test_elicitation_sep1034_defaults',
    'test_elicitation_sep1330_enums',
  ];
  for (const name of names) {
    server.registerTool(
      name,
      { description: 'Asks the user.', inputSchema: z.looseObject({}) },
      async (_args, { mcpReq }) => {
        const result = await mcpReq.elicitInput({ message: 'Who are you?', requestedSchema });
        return { content: [text(JSON.stringify(result))] };
      },
    );
  }
  server.registerTool(
    'test_sampling',
    { description: 'Asks the model.', inputSchema: z.object({ prompt: z.string() }) },
    async ({ prompt }, { mcpReq }) => {
      const messages = [{ role: 'user' as const, content: text(prompt) }];
      // The client never answers, and the default timeout of a minute is too long for a test.
      const options = { timeout: 50 };
      const result = await mcpReq.requestSampling({ messages, maxTokens: 100 }, options);
      return { content: [text(JSON.stringify(result))] };
    },
  );
}

/** The tools that the conformance suite calls by name. */
export function addTools(server: McpServer): void {
  addFixedContentTools(server);
  addNotifyingTools(server);
  addRequestingTools(server);
  const inputSchema = fromJsonSchema({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    $defs: {
      address: {
        type: 'object',
        properties: { street: { type: 'string' }, city: { type: 'string' } },
      },
    },
    properties: { name: { type: 'string' }, address: { $ref: '#/$defs/address' } },
    additionalProperties: false,
  });
  const description = 'Tool with JSON Schema 2020-12 features';
  server.registerTool('json_schema_2020_12_tool', { description, inputSchema }, () => ({
    content: [text('Called.')],
  }));
}
