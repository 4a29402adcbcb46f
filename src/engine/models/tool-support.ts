import type OpenAI from 'openai';
import { createEndpointClient, type EndpointOptions, isMissingPath } from './endpoint.ts';
import type { HostedTool, Model, UnsupportedTool } from './model.ts';

const unsupportedMessage = (index: number, type: HostedTool, provider: string): string =>
  `'tools[${index}].type' is '${type}', which ${provider} does not support: remove it from the assistant's tools, or create the run with 'tools' that omit it.`;

async function findUnsupported(
  tools: readonly OpenAI.Beta.AssistantTool[],
  provider: string,
  supports: (type: HostedTool) => Promise<boolean>,
): Promise<UnsupportedTool[]> {
  const unsupported = new Map<HostedTool, UnsupportedTool>();
  for (const [index, { type }] of tools.entries()) {
    if (type === 'function' || unsupported.has(type) || (await supports(type))) continue;
    unsupported.set(type, { type, reason: unsupportedMessage(index, type, provider) });
  }
  return [...unsupported.values()];
}

/** For model APIs without hosted tools; `provider` names the API in the error. */
export const functionsOnly =
  (provider: string): Model['unsupportedTools'] =>
  (tools) =>
    findUnsupported(tools, provider, async () => false);

/** The collection that each tool works on: an endpoint without it does not support the tool. */
const probePaths: Record<HostedTool, string> = {
  file_search: '/vector_stores?limit=1',
  code_interpreter: '/containers?limit=1',
};

/** Creating a run waits for the probe. */
const probeTimeoutMs = 10_000;

/**
 * Tells whether the endpoint has a path; null while that cannot be found out. Asks once for each path,
 * and again only after an inconclusive response.
 */
export function createPathProbe(
  options: EndpointOptions,
): (path: string) => Promise<boolean | null> {
  const client = createEndpointClient(options, probeTimeoutMs);
  const results = new Map<string, boolean>();
  return async (path) => {
    const known = results.get(path);
    if (known !== undefined) return known;
    try {
      await client.get(path, { maxRetries: 0 });
    } catch (error) {
      if (!isMissingPath(error)) return null;
      results.set(path, false);
      return false;
    }
    results.set(path, true);
    return true;
  };
}

/**
 * For endpoints that may support hosted tools. While in doubt, a tool counts as supported.
 */
export function createToolProbe(options: EndpointOptions): Model['unsupportedTools'] {
  const hasPath = createPathProbe(options);
  const supports = async (type: HostedTool): Promise<boolean> => {
    const hasCollection = await hasPath(probePaths[type]);
    // A server with files may support the tool without listing its collection.
    const result = hasCollection === false ? await hasPath('/files?limit=1') : hasCollection;
    return result ?? true;
  };
  return (tools) => findUnsupported(tools, 'this model endpoint', supports);
}
