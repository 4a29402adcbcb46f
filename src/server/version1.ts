import { version1Shape } from './azure-shapes.ts';
import { shapeResponse } from './shape-response.ts';

/** The versions of the API that the client names; it may name other betas besides. */
const versionsOf = ({ headers }: Request): ReadonlySet<string> =>
  new Set((headers.get('openai-beta') ?? '').split(/[,;]/u).map((beta) => beta.trim()));

/** The engine's response as the client expects it, which may know version 1 of the API alone. */
export async function adaptToVersion(request: Request, response: Response): Promise<Response> {
  const versions = versionsOf(request);
  if (!versions.has('assistants=v1') || versions.has('assistants=v2')) return response;
  return shapeResponse(response, { json: version1Shape, stream: version1Shape });
}
