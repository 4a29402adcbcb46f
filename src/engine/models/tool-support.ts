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
 * For endpoints that may support hosted tools: probes the endpoint once for each tool, and again only
 * after an inconclusive response. While in doubt, the tool counts as supported.
 */
export function createToolProbe(options: EndpointOptions): Model['unsupportedTools'] {
  const client = createEndpointClient(options, probeTimeoutMs);
  const results = new Map<HostedTool, boolean>();
  /** Null: inconclusive. */
  const hasPath = async (path: string): Promise<boolean | null> => {
    try {
      await client.get(path, { maxRetries: 0 });
      return true;
    } catch (error) {
      return isMissingPath(error) ? false : null;
    }
  };
  const supports = async (type: HostedTool): Promise<boolean> => {
    const known = results.get(type);
    if (known !== undefined) return known;
    const hasCollection = await hasPath(probePaths[type]);
    // A server with files may support the tool without listing its collection.
    const result = hasCollection === false ? await hasPath('/files?limit=1') : hasCollection;
    if (result !== null) results.set(type, result);
    return result ?? true;
  };
  return (tools) => findUnsupported(tools, 'this model endpoint', supports);
}
