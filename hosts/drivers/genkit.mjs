import { createMcpHost } from '@genkit-ai/mcp';
import { openAICompatible } from '@genkit-ai/compat-oai';
import { genkit } from 'genkit';
import { http, isStdio, modelURL, prompt, stdio } from './setting.mjs';

const ai = genkit({
  plugins: [openAICompatible({ name: 'loopback', apiKey: 'any', baseURL: modelURL })],
});
const host = createMcpHost({
  name: 'host',
  mcpServers: {
    assistants: isStdio ? stdio : { url: http.url, requestInit: { headers: http.headers } },
  },
});
const { text } = await ai.generate({
  model: 'loopback/gpt-5',
  prompt,
  tools: await host.getActiveTools(ai),
  maxTurns: 30,
});
console.log(text);
await host.close();
