import { query } from '@anthropic-ai/claude-agent-sdk';
import { http, isStdio, prompt, stdio } from './setting.mjs';

const messages = query({
  prompt,
  options: {
    model: 'claude-sonnet-4-5',
    mcpServers: { assistants: isStdio ? stdio : { type: 'http', ...http } },
    strictMcpConfig: true,
    allowedTools: ['mcp__assistants'],
  },
});
for await (const message of messages) {
  if (message.type === 'result') console.log(message.result ?? JSON.stringify(message));
}
