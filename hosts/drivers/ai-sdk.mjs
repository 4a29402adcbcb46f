import { createMCPClient } from '@ai-sdk/mcp';
import { Experimental_StdioMCPTransport as StdioTransport } from '@ai-sdk/mcp/mcp-stdio';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, stepCountIs } from 'ai';
import { http, isStdio, modelURL, prompt, stdio } from './setting.mjs';

const client = await createMCPClient({
  transport: isStdio ? new StdioTransport(stdio) : { type: 'http', ...http },
});
const provider = createOpenAICompatible({ name: 'loopback', baseURL: modelURL, apiKey: 'any' });
const { text } = await generateText({
  model: provider('gpt-5'),
  tools: await client.tools(),
  stopWhen: stepCountIs(30),
  prompt,
});
console.log(text);
await client.close();
