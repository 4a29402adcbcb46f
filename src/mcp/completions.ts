import { type McpServer, ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import type { Completion, ResourceContext, Values } from '../resources/resource.ts';
import { answerRequest, type RequestDeps } from './request-errors.ts';
import { maxDocumentBytes } from './result-size.ts';
import { findListing, type PromptOffer } from './prompts.ts';
import type { ResourceOffer } from './resources.ts';

/** Completes the values of one resource template or prompt. */
type Completer = (
  variable: string,
  typed: string,
  known: Values,
  context: ResourceContext,
) => Promise<Completion>;

interface Reference {
  readonly type: string;
  readonly name?: string;
  readonly uri?: string;
}

interface Offers {
  readonly resources: ResourceOffer;
  readonly prompts: PromptOffer;
}

/** Finds what completes the values that a client refers to. Throws for an unknown reference. */
function findCompleter({ type, name, uri }: Reference, { resources, prompts }: Offers): Completer {
  if (type === 'ref/prompt') {
    const listing = findListing(name, prompts);
    return async (...args) => (await prompts.load(listing.name)).complete(...args);
  }
  const template = resources.templates.find(({ uriTemplate }) => uriTemplate === uri);
  if (template === undefined) {
    const message = `No resource template is '${uri}'.`;
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, message);
  }
  return async (...args) => (await resources.load(template.name)).complete(...args);
}

/** Answers completion/complete with the newest values that contain what was typed. */
export function registerCompletions(
  { server }: McpServer,
  offers: Offers,
  deps: RequestDeps,
): void {
  server.registerCapabilities({ completions: {} });
  server.setRequestHandler('completion/complete', async ({ params }, context) => {
    const { ref, argument } = params;
    const complete = findCompleter(ref, offers);
    const known = params.context?.arguments ?? {};
    const request = { context, args: known };
    const { values, hasMore } = await answerRequest(deps, request, async (openai) => {
      const { toolName } = deps;
      const { signal } = context.mcpReq;
      const callContext = { openai, toolName, signal, maxBytes: maxDocumentBytes };
      return complete(argument.name, argument.value, known, callContext);
    });
    return { completion: { values: [...values], hasMore } };
  });
}
