import { completable, McpServer, ResourceTemplate } from '@modelcontextprotocol/server';
import * as z from 'zod';
import { embedded, image, png, text } from './content.ts';
import { addInputRequired, requestState } from './input-required.ts';
import { addTools } from './tools.ts';

function addResources(server: McpServer): void {
  const addText = (name: string, uri: string, content: string) =>
    server.registerResource(name, uri, { description: name, mimeType: 'text/plain' }, () => ({
      contents: [{ uri, mimeType: 'text/plain', text: content }],
    }));
  addText('static-text', 'test://static-text', 'This is the content of the static text resource.');
  addText('watched', 'test://watched-resource', 'Watched.');
  const uri = 'test://static-binary';
  server.registerResource('static-binary', uri, { description: 'A pixel.' }, () => ({
    contents: [{ uri, mimeType: 'image/png', blob: png }],
  }));
  const template = new ResourceTemplate('test://template/{id}/data', { list: undefined });
  server.registerResource('template', template, { description: 'By id.' }, ({ href }, { id }) => {
    const data = { id, templateTest: true, data: `Data for ID: ${String(id)}` };
    return {
      contents: [{ uri: href, mimeType: 'application/json', text: JSON.stringify(data) }],
    };
  });
  server.server.setRequestHandler('resources/subscribe', () => ({}));
  server.server.setRequestHandler('resources/unsubscribe', () => ({}));
}

const userMessage = <Content>(content: Content) => ({ role: 'user' as const, content });

function addPrompts(server: McpServer): void {
  const description = 'A prompt of the conformance suite.';
  server.registerPrompt('test_simple_prompt', { description }, () => ({
    messages: [userMessage(text('This is a simple prompt for testing.'))],
  }));
  server.registerPrompt('test_prompt_with_image', { description }, () => ({
    messages: [userMessage(image), userMessage(text('Please analyze the image above.'))],
  }));
  const argsSchema = z.object({
    arg1: completable(z.string(), () => ['paris', 'park', 'party']),
    arg2: z.string(),
  });
  server.registerPrompt(
    'test_prompt_with_arguments',
    { description, argsSchema },
    ({ arg1, arg2 }) => ({
      messages: [userMessage(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`))],
    }),
  );
  server.registerPrompt(
    'test_prompt_with_embedded_resource',
    { description, argsSchema: z.object({ resourceUri: z.string() }) },
    ({ resourceUri }) => ({
      messages: [
        userMessage(embedded(resourceUri, 'Embedded resource content for testing.')),
        userMessage(text('Please process the embedded resource above.')),
      ],
    }),
  );
}

/** The server whose tools, resources and prompts the conformance suite expects. */
export function createFixture(): McpServer {
  const server = new McpServer(
    { name: 'fixture', version: '1' },
    {
      capabilities: { logging: {}, resources: { subscribe: true }, completions: {} },
      requestState: { verify: (state, context) => requestState.verify(state, context) },
    },
  );
  addTools(server);
  addResources(server);
  addPrompts(server);
  addInputRequired(server);
  return server;
}
