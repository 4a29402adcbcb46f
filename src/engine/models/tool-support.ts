import type OpenAI from 'openai';
import { createEndpointClient, type EndpointOptions, isMissingPath } from './endpoint.ts';
import type { Model } from './model.ts';

type HostedTool = Exclude<OpenAI.Beta.AssistantTool['type'], 'function'>;

const sentence = (index: number, type: HostedTool, who: string): string =>
  `'tools[${index}].type' is '${type}', which ${who} does not have: take it out of the assistant's tools, or give the run 'tools' without it.`;

/** Why the first tool that is not there cannot be used, in one sentence; null when all are there. */
async function firstUnsupported(
  tools: readonly OpenAI.Beta.AssistantTool[],
  who: string,
  has: (type: HostedTool) => Promise<boolean>,
): Promise<string | null> {
  for (const [index, { type }] of tools.entries()) {
    if (type !== 'function' && !(await has(type))) return sentence(index, type, who);
  }
  return null;
}

/** For models that have functions alone; `who` is what the sentence calls them. */
export const functionsOnly =
  (who: string): Model['unsupportedTools'] =>
  (tools) =>
    firstUnsupported(tools, who, async () => false);

/** Where each tool keeps what it works on: an endpoint without the one is one without the other. */
const paths: Record<HostedTool, string> = {
  file_search: '/vector_stores?limit=1',
  code_interpreter: '/containers?limit=1',
};

/** Milliseconds that a run's creation may wait to learn what there is. */
const timeout = 10_000;

/**
 * For an endpoint of which nobody knows what it has: it is asked once for each tool, and again only
 * while it gives no answer that says something. In doubt it has the tool, and the run will tell.
 */
export function createToolProbe(options: EndpointOptions): Model['unsupportedTools'] {
  const client = createEndpointClient(options, timeout);
  const known = new Map<HostedTool, boolean>();
  /** Null: who knows. */
  const has = async (path: string): Promise<boolean | null> => {
    try {
      await client.get(path, { maxRetries: 0 });
      return true;
    } catch (error) {
      return isMissingPath(error) ? false : null;
    }
  };
  const lookUp = async (type: HostedTool): Promise<boolean> => {
    const remembered = known.get(type);
    if (remembered !== undefined) return remembered;
    // A server with files may have the tool and only not list what it works on.
    const own = await has(paths[type]);
    const found = own === false ? await has('/files?limit=1') : own;
    if (found !== null) known.set(type, found);
    return found ?? true;
  };
  return (tools) => firstUnsupported(tools, 'this model endpoint', lookUp);
}
