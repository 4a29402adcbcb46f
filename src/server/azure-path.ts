/** The service of Azure that a client expects: Azure OpenAI, or the agents of AI Foundry. */
export type AzureService = 'openai' | 'foundry';

/** A path that Azure's SDKs request, and the path of this API that it stands for. */
export interface AzurePath {
  readonly service: AzureService;
  readonly path: string;
}

/** The first segments of a hub-based project: names, and null where a name is the caller's. */
const hubProject = [
  'agents',
  'v1.0',
  'subscriptions',
  null,
  'resourcegroups',
  null,
  'providers',
  null,
  'workspaces',
  null,
];

const project = ['api', 'projects', null];

/** The segments after the prefix; null unless they start with it. Azure ignores the case. */
function after(
  segments: readonly string[],
  ...prefix: readonly (string | null)[]
): readonly string[] | null {
  const hasPrefix =
    segments.length >= prefix.length &&
    prefix.every((name, index) => name === null || segments[index]?.toLowerCase() === name);
  return hasPrefix ? segments.slice(prefix.length) : null;
}

/** Without the version, and without the deployment that some clients name in every path. */
function withoutDeployment(segments: readonly string[]): readonly string[] {
  const versioned = after(segments, 'v1') ?? segments;
  return after(versioned, 'deployments', null) ?? versioned;
}

const toPath = (service: AzureService, segments: readonly string[]): AzurePath => ({
  service,
  path: `/v1/${segments.join('/').replace(/^\/+/u, '')}`,
});

/** Recognises a path of Azure's, as the URL parser returns it; null for every other path. */
export function azurePath(pathname: string): AzurePath | null {
  // An endpoint that ends with a slash gives `//openai` or `/openai//threads`.
  const segments = pathname.replace(/^\/+/u, '').split('/');
  const openai = after(segments, 'openai') ?? after(segments, ...project, 'openai');
  if (openai !== null) return toPath('openai', withoutDeployment(openai));
  const agents = after(segments, ...project) ?? after(segments, ...hubProject);
  return agents === null ? null : toPath('foundry', agents);
}
