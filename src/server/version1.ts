import type { Engine } from '../engine/index.ts';
import { fieldOf, isJsonObject } from '../shared/json.ts';
import { version1Shape } from './response-shapes.ts';
import { shapeResponse, type Shapes } from './shape-response.ts';

type EngineClient = Pick<Engine, 'fetch'>;

/** A vector store can have more files than an assistant of version 1 could: these are the first. */
const maxFiles = 100;

/** An assistant with all its files, which may be in a vector store alone. Other values stay as they are. */
async function withAllFiles(value: unknown, engine: EngineClient): Promise<unknown> {
  if (!isJsonObject(value) || value['object'] !== 'assistant') return value;
  const search = fieldOf(value['tool_resources'], 'file_search');
  if (fieldOf(fieldOf(search, 'vector_store_ids'), 'length') !== 1) return value;
  const path = `/v1/assistants/${String(value['id'])}/files?order=asc&limit=${maxFiles}`;
  const response = await engine.fetch(new Request(new URL(path, 'http://engine')));
  const files = response.ok ? fieldOf(await response.json(), 'data') : null;
  if (!Array.isArray(files)) return value;
  return { ...value, file_ids: files.map((file) => fieldOf(file, 'id')) };
}

/** The shapes of version 1. Of the assistants in a list, `file_ids` has only the files for code. */
export const version1Shapes = (engine: EngineClient): Shapes => ({
  json: version1Shape,
  stream: version1Shape,
  complete: (value) => withAllFiles(value, engine),
});

/** The versions of the API that the client names; it may name other betas besides. */
const versionsOf = ({ headers }: Request): ReadonlySet<string> =>
  new Set((headers.get('openai-beta') ?? '').split(/[,;]/u).map((beta) => beta.trim()));

/** The engine's response as the client expects it, which may know version 1 of the API alone. */
export async function adaptToVersion(
  request: Request,
  response: Response,
  engine: EngineClient,
): Promise<Response> {
  const versions = versionsOf(request);
  if (!versions.has('assistants=v1') || versions.has('assistants=v2')) return response;
  return shapeResponse(response, version1Shapes(engine));
}
