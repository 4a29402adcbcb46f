// Its runtime with the adapter for assistants behind HTTP, and its own client.
import { deepEqual, equal } from 'node:assert/strict';
import { createServer } from 'node:http';
import {
  CopilotRuntime,
  OpenAIAssistantAdapter,
  copilotRuntimeNodeHttpEndpoint,
} from '@copilotkit/runtime';
import * as gql from '@copilotkit/runtime-client-gql';
import OpenAI from 'openai';
import { createAssistant } from './assistant.mjs';
import { answer, echo, question, toolOutput } from './conversation.mjs';

const calls = [];
const runtime = new CopilotRuntime({
  actions: [
    {
      name: 'get_weather',
      description: 'The current weather of a city.',
      parameters: [{ name: 'city', type: 'string', description: 'A city', required: true }],
      handler: async (args) => {
        calls.push(args);
        return toolOutput;
      },
    },
  ],
});
const assistantId = await createAssistant([]);
const serviceAdapter = new OpenAIAssistantAdapter({ openai: new OpenAI(), assistantId });
const endpoint = '/copilotkit';
const server = createServer(copilotRuntimeNodeHttpEndpoint({ endpoint, runtime, serviceAdapter }));
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

const client = new gql.CopilotRuntimeClient({
  url: `http://127.0.0.1:${server.address().port}${endpoint}`,
});
const text = (role, content) => new gql.TextMessage({ role, content });
let messages = [text(gql.Role.System, 'Be brief.')];
let state = {};

/** One request, as its React hook makes it. */
async function request() {
  const source = client.generateCopilotResponse({
    data: {
      ...state,
      metadata: { requestType: gql.CopilotRequestType.Chat },
      frontend: { actions: [] },
      messages: gql.convertMessagesToGqlInput(messages),
    },
  });
  let last;
  for await (const value of client.asStream(source)) last = value.generateCopilotResponse;
  const { threadId, runId } = last;
  const extensions = gql.CopilotRuntimeClient.removeGraphQLTypename(last.extensions ?? {});
  state = { threadId, runId, extensions };
  messages = [...messages, ...gql.convertGqlOutputToMessages(last.messages)];
}

async function ask(content) {
  messages.push(text(gql.Role.User, content));
  await request();
  while (messages.at(-1).isResultMessage()) await request();
  return messages.at(-1).content;
}

equal(await ask(question), answer);
equal(await ask('Thanks!'), echo(2, 'Thanks!'));
deepEqual(calls, [{ city: 'Oslo' }]);
process.exit();
