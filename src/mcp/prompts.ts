import { type McpServer, ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import { fieldOf } from '../shared/json.ts';
import type { Prompt, PromptListing } from '../prompts/prompt.ts';
import { anyParams, shownName } from './any-params.ts';
import { answerRequest, type RequestDeps } from './request-errors.ts';
import { maxDocumentBytes } from './result-size.ts';

/** Prompts of a server. */
export interface PromptOffer {
  readonly prompts: readonly PromptListing[];
  /** Loads the code of a prompt; called for each request. */
  readonly load: (name: string) => Promise<Prompt>;
}

/** Finds an offered prompt. Throws the protocol's error for any other name. */
export function findListing(name: unknown, { prompts }: PromptOffer): PromptListing {
  const listing = prompts.find((prompt) => prompt.name === name);
  if (listing !== undefined) return listing;
  const message = `No prompt is named ${shownName(name)}.`;
  throw new ProtocolError(ProtocolErrorCode.InvalidParams, message);
}

/** Registers prompts, each of which renders to one message of the user. */
export function registerPrompts(
  { server }: McpServer,
  offer: PromptOffer,
  deps: RequestDeps,
): void {
  server.registerCapabilities({ prompts: {} });
  server.setRequestHandler('prompts/list', () => ({
    prompts: offer.prompts.map(({ name, title, description, arguments: args }) => ({
      name,
      title,
      description,
      arguments: args.map((argument) => ({ ...argument, required: true })),
    })),
  }));
  server.setRequestHandler('prompts/get', { params: anyParams }, async (params, context) => {
    const { name, description } = findListing(fieldOf(params, 'name'), offer);
    const request = { context, args: {} };
    const text = await answerRequest(deps, request, async (openai) => {
      const prompt = await offer.load(name);
      const { toolName } = deps;
      const { signal } = context.mcpReq;
      const promptContext = { openai, toolName, signal, maxBytes: maxDocumentBytes };
      return prompt.render(fieldOf(params, 'arguments'), promptContext);
    });
    return { description, messages: [{ role: 'user', content: { type: 'text', text } }] };
  });
}
