import { MultiServerMCPClient } from '@langchain/mcp-adapters';
import { ChatOpenAI } from '@langchain/openai';
import { createAgent } from 'langchain';
import { http, isStdio, modelURL, prompt, stdio } from './setting.mjs';

const client = new MultiServerMCPClient({
  mcpServers: {
    assistants: isStdio ? { transport: 'stdio', ...stdio } : { transport: 'http', ...http },
  },
});
const model = new ChatOpenAI({
  model: 'gpt-4.1',
  apiKey: 'any',
  configuration: { baseURL: modelURL },
});
const agent = createAgent({ model, tools: await client.getTools() });
const { messages } = await agent.invoke(
  { messages: [{ role: 'user', content: prompt }] },
  { recursionLimit: 60 },
);
console.log(messages.at(-1).content);
await client.close();
