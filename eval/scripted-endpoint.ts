import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { tasks } from './tasks.ts';

/** Text that matches a simple pattern: the pattern's own letters. */
const withExamples = (value: unknown): unknown => {
  if (value instanceof RegExp) return value.source;
  if (Array.isArray(value)) return value.map((item) => withExamples(item));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, member]) => [name, withExamples(member)]);
  return Object.fromEntries(entries);
};

/** The reply of a model that knows all answers. */
function answer(body: string): object {
  const task = tasks.find(({ words }) => body.includes(JSON.stringify(words)));
  const calls = task === undefined ? [] : [{ name: task.tool, args: withExamples(task.args) }];
  const tool_calls = calls.map(({ name, args }) => ({
    id: 'call_1',
    type: 'function',
    function: { name, arguments: JSON.stringify(args) },
  }));
  const message = { role: 'assistant', content: null, tool_calls };
  return {
    object: 'chat.completion',
    choices: [{ index: 0, finish_reason: 'tool_calls', message }],
  };
}

/** Starts a scripted model on a loopback port, which tries out the evaluation without a real one. */
export async function startScriptedEndpoint() {
  const server = createServer(async (request, response) => {
    const body = await text(request);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer(body)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { baseURL: `http://127.0.0.1:${port}/v1`, close: () => server.close() };
}
