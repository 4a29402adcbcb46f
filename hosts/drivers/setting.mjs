// What a driver knows of its trial, and the job for hosts without a model.
import { jobTools, nextAction } from '../job.ts';

export { prompt } from '../job.ts';

export const { stdio, http, transport, modelOrigin, job, folder } = JSON.parse(
  process.env.HOST_SETTING,
);

export const isStdio = transport === 'stdio';
export const modelURL = `${modelOrigin}/v1`;

/** Makes all calls of the job with `call(name, args)`, which resolves to a result; prints the final text. */
export async function callJob(call) {
  const results = new Map();
  for (;;) {
    const action = nextAction(results, job);
    if ('text' in action) {
      console.log(action.text);
      return;
    }
    results.set(action.tool, JSON.stringify(await call(action.tool, action.args)));
  }
}

/** Throws unless all tools of the job are among these names. */
export function requireTools(names) {
  const missing = jobTools.filter((tool) => !names.includes(tool));
  if (missing.length > 0) throw new Error(`tools/list lacks ${missing.join(', ')}`);
}

/** Lets a connected client of an MCP SDK do the job, and closes it. */
export async function runClient(client) {
  const { tools } = await client.listTools();
  requireTools(tools.map(({ name }) => name));
  await callJob((name, args) => client.callTool({ name, arguments: args }));
  await client.close();
}
