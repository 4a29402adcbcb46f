import {
  Agent,
  MCPServerStdio,
  MCPServerStreamableHttp,
  OpenAIProvider,
  Runner,
} from '@openai/agents';
import { http, isStdio, modelURL, prompt, stdio } from './setting.mjs';

const server = isStdio
  ? new MCPServerStdio({ name: 'assistants', ...stdio })
  : new MCPServerStreamableHttp({
      name: 'assistants',
      url: http.url,
      requestInit: { headers: http.headers },
    });
await server.connect();
const agent = new Agent({ name: 'Host', model: 'gpt-5', mcpServers: [server] });
const modelProvider = new OpenAIProvider({ baseURL: modelURL, apiKey: 'any' });
const runner = new Runner({ modelProvider, tracingDisabled: true });
const { finalOutput } = await runner.run(agent, prompt, { maxTurns: 30 });
console.log(finalOutput);
await server.close();
