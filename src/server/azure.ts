import type { Engine } from '../engine/index.ts';
import { sentenceIn } from '../shared/error-sentence.ts';
import { ApiError } from '../shared/errors.ts';
import { fieldOf, isJsonObject, parseJson } from '../shared/json.ts';
import { JsonRequest } from '../shared/json-request.ts';
import { type AzurePath, azurePath } from './azure-path.ts';
import { foundryShape } from './response-shapes.ts';
import { readErrorText } from './foreign-response.ts';
import { shapeResponse, type Shapes, withBody } from './shape-response.ts';
import { version1Shapes } from './version1.ts';

/** A request that one of Azure's SDKs has sent: where it leads, and what its answer looks like. */
export interface AzureRequest {
  /** The URL of this API that the request stands for, without `api-version`. */
  readonly url: URL;
  /** Throws a 400 for what this server cannot do, in words for Azure's users. */
  checkBody(request: Request): Promise<void>;
  /** The engine's response as the SDK expects it. */
  adapt(response: Response, engine: Pick<Engine, 'fetch'>): Promise<Response>;
  /** A response of the model endpoint as the SDK expects it. */
  adaptForeign(response: Response): Promise<Response>;
  /** An error of this server in Azure's envelope. */
  toResponse(error: ApiError): Response;
}

const versionParameter = 'api-version';

/** The first version of Azure OpenAI that had version 2 of the API. */
const firstVersion2 = '2024-05-01';

const isVersion1 = (apiVersion: string | null): boolean =>
  /^\d{4}-\d{2}-\d{2}/u.test(apiVersion ?? '') && (apiVersion ?? '') < firstVersion2;

/** The shapes of the responses to a request. */
function shapesFor(
  { service, path }: AzurePath,
  apiVersion: string | null,
  engine: Pick<Engine, 'fetch'>,
): Shapes {
  if (service === 'foundry') {
    const isAboutSteps = /\/steps(?:\/|$)/u.test(path);
    return { json: isAboutSteps ? foundryShape : null, stream: foundryShape };
  }
  return isVersion1(apiVersion) ? version1Shapes(engine) : { json: null, stream: null };
}

const knownTools: ReadonlySet<unknown> = new Set([
  'function',
  'file_search',
  'code_interpreter',
  'retrieval',
]);

/** Throws a 400, in Foundry's own words, for a tool that only Foundry can run. */
async function checkTools(request: Request): Promise<void> {
  // The engine reports invalid JSON.
  const body = request instanceof JsonRequest ? await request.readJson().catch(() => null) : null;
  const tools = fieldOf(body, 'tools');
  if (!Array.isArray(tools)) return;
  const types = tools.map((tool: unknown) => fieldOf(tool, 'type'));
  const index = types.findIndex((type) => typeof type === 'string' && !knownTools.has(type));
  if (index === -1) return;
  throw new ApiError(
    400,
    `Invalid tool value(s): ${String(types[index])}. This server has the tools 'function', 'file_search' and 'code_interpreter'. Leave the tool out, or offer a function that does its work.`,
    { param: `tools[${index}].type`, code: 'unsupported_tool' },
  );
}

const advice =
  "Send this server's token in the header 'api-key', or as 'Authorization: Bearer TOKEN'.";

/** Azure's gateway has the status as the code, and a sentence of its own for a refused key. */
function gatewayError(error: ApiError, toOwnPath: (text: string) => string): ApiError {
  const { status, param, headers } = error;
  if (status === 401) {
    const reason = error.code === 'invalid_api_key' ? 'an invalid' : 'a missing';
    const message = `Access denied due to ${reason} API key. ${advice}`;
    return new ApiError(status, message, { code: '401', headers });
  }
  const code = error.code ?? String(status);
  return new ApiError(status, toOwnPath(error.message), { param, code, headers });
}

/** Foundry's SDKs fail on an error without an error object, and hide what it says. */
async function wrapForeignError(response: Response): Promise<Response> {
  const { bytes, text } = await readErrorText(response);
  if (bytes !== null && isJsonObject(fieldOf(parseJson(text), 'error'))) {
    return new Response(bytes, response);
  }
  const message = sentenceIn(text) ?? 'The model endpoint sent an error without a message.';
  const error = new ApiError(response.status, message, { code: String(response.status) });
  response.headers.set('content-type', 'application/json');
  return withBody(response, JSON.stringify(error));
}

async function adaptResponse(
  response: Response,
  shapes: Shapes,
  toOwnPath: (text: string) => string,
): Promise<Response> {
  const { status, headers, body } = response;
  const isJson = headers.get('content-type')?.startsWith('application/json') === true;
  if (status === 404 && isJson && body !== null) {
    return withBody(response, toOwnPath(await response.text()));
  }
  return shapeResponse(response, shapes);
}

/** The URL of this API: without `api-version`, and with the name of `include[]` encoded once. */
function innerUrl(url: URL, path: string): URL {
  const inner = new URL(url);
  inner.pathname = path;
  const entries = [...url.searchParams]
    .filter(([name]) => name !== versionParameter)
    // AI Foundry's SDK for JavaScript encodes the name twice.
    .map(([name, value]): [string, string] => [
      name === 'include%5B%5D' ? 'include[]' : name,
      value,
    ]);
  inner.search = new URLSearchParams(entries).toString();
  return inner;
}

/** Recognises a request of Azure's SDKs by its path; null for every other request. */
export function azureRequest(url: URL): AzureRequest | null {
  const found = azurePath(url.pathname);
  if (found === null) return null;
  const { service, path } = found;
  const inner = innerUrl(url, path);
  const apiVersion = url.searchParams.get(versionParameter);
  const toOwnPath = (text: string) => text.replace(` ${inner.pathname}`, () => ` ${url.pathname}`);
  return {
    url: inner,
    checkBody: async (request) => (service === 'foundry' ? checkTools(request) : undefined),
    adapt: (response, engine) =>
      adaptResponse(response, shapesFor(found, apiVersion, engine), toOwnPath),
    adaptForeign: async (response) =>
      service === 'foundry' && response.status >= 400 && response.body !== null
        ? wrapForeignError(response)
        : response,
    toResponse: (error) => gatewayError(error, toOwnPath).toResponse(),
  };
}
