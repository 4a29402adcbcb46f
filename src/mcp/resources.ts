import { type McpServer, ResourceNotFoundError } from '@modelcontextprotocol/server';
import type { ResourceReader, ResourceTemplate, Values } from '../resources/resource.ts';
import { decodeComponent } from '../shared/urls.ts';
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

/** The variables of a template in a URI, decoded; null if the URI is not one of the template's. */
export function matchUri(uriTemplate: string, uri: string): Values | null {
  const expected = uriTemplate.split('/');
  const actual = uri.replace(/\/$/u, '').split('/');
  if (expected.length !== actual.length) return null;
  const values: Record<string, string> = {};
  for (const [index, part] of expected.entries()) {
    const segment = actual[index] ?? '';
    if (part.startsWith('{')) {
      const value = decodeComponent(segment);
      if (value === null || value === '') return null;
      values[part.slice(1, -1)] = value;
    } else if (part !== segment) return null;
  }
  return values;
}

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
      const values = matchUri(uriTemplate, uri);
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
