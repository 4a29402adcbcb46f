import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { Agent } from '@mastra/core/agent';
import { MCPClient } from '@mastra/mcp';
import { http, isStdio, modelURL, prompt, stdio } from './setting.mjs';

const client = new MCPClient({
  servers: {
    assistants: isStdio
      ? stdio
      : { url: new URL(http.url), requestInit: { headers: http.headers } },
  },
});
const provider = createOpenAICompatible({ name: 'loopback', baseURL: modelURL, apiKey: 'any' });
const agent = new Agent({
  id: 'host',
  name: 'Host',
  instructions: 'Use the tools.',
  model: provider('gpt-5'),
  tools: await client.listTools(),
});
const { text } = await agent.generate(prompt, { maxSteps: 30 });
console.log(text);
await client.disconnect();
