import { type McpServer, ResourceNotFoundError } from '@modelcontextprotocol/server';
import type { ResourceReader, ResourceTemplate } from '../resources/resource.ts';
import { matchTemplate } from '../shared/urls.ts';
import { type AppOffer, appContent, appResource, appUri } from './apps.ts';
import { answerRequest, type RequestDeps } from './request-errors.ts';
import { maxDocumentBytes } from './result-size.ts';
import { type SkillOffer, skillUri } from './skills.ts';

/** Resources of a server: all can be read, and the fixed ones are listed. */
export interface ResourceOffer {
  readonly templates: readonly ResourceTemplate[];
  /** Loads the reader of a template; called for each request. */
  readonly load: (name: string) => Promise<ResourceReader>;
}

const mimeType = 'text/markdown';

/**
 * Registers the resource templates, the files of skills and the app. resources/list has only these
 * files and the app: it never lists stored objects.
 */
export function registerResources(
  { server }: McpServer,
  { templates, load }: ResourceOffer,
  { skills: skillOffer, app }: { readonly skills: SkillOffer; readonly app: AppOffer | null },
  deps: RequestDeps,
): void {
  const { skills } = skillOffer;
  server.registerCapabilities({ resources: {} });
  server.setRequestHandler('resources/list', () => ({
    resources: [
      ...skills.map((skill) => {
        const { name, title, description } = skill;
        return { uri: skillUri(skill), name, title, description, mimeType };
      }),
      ...(app === null ? [] : [appResource]),
    ],
  }));
  server.setRequestHandler('resources/templates/list', () => ({
    resourceTemplates: templates.map(({ name, title, description, uriTemplate }) => ({
      name,
      title,
      description,
      uriTemplate,
      mimeType,
    })),
  }));
  server.setRequestHandler('resources/read', async ({ params: { uri } }, context) => {
    const skill = skills.find((each) => skillUri(each) === uri);
    if (skill !== undefined) {
      return { contents: [{ uri, mimeType, text: await skillOffer.load(skill) }] };
    }
    if (app !== null && uri === appUri) return { contents: [appContent(await app.load())] };
    for (const { name, uriTemplate } of templates) {
      const values = matchTemplate(uriTemplate, uri);
      if (values === null) continue;
      const request = { context, args: values, uri };
      const text = await answerRequest(deps, request, async (openai) => {
        const reader = await load(name);
        const { toolName } = deps;
        const { signal } = context.mcpReq;
        return reader.read(values, { openai, toolName, signal, maxBytes: maxDocumentBytes });
      });
      return { contents: [{ uri, mimeType, text }] };
    }
    throw new ResourceNotFoundError(uri, `No resource has the URI '${uri}'.`);
  });
}
