import OpenAI from 'openai';
import { wrapErrorBodies } from '../shared/error-body.ts';
import { JsonRequest } from '../shared/json-request.ts';
import { sdkFetchWithinOrigin } from '../shared/same-origin-fetch.ts';

/** Answers a request in this process. */
type Handler = (request: Request) => Promise<Response>;

/** The engine in this process. */
interface EmbeddedServer {
  /** Answers requests whose paths begin with /v1. */
  readonly fetch: Handler;
}

/** Another server with the Assistants API. */
interface RemoteServer {
  /** The complete base URL; nothing is appended, such as /v1. */
  readonly baseURL: string;
  /** null: requests carry no key. */
  readonly apiKey: string | null;
  /** Azure's `api-version` query parameter; null: not an Azure server. */
  readonly apiVersion: string | null;
  /** The flag or variable that has the base URL (default: `ASSISTANTS_BASE_URL`). */
  readonly setting?: string;
}

/** Keeps the SDK from reading environment variables and writing to the console. */
const noEnvironment = {
  adminAPIKey: null,
  organization: null,
  project: null,
  webhookSecret: null,
  logLevel: 'off',
} as const;

/** The SDK requires a key even if it sends none. */
const placeholderKey = 'none';

/** A JSON Web Token, as Entra ID issues them. */
const webToken = /^eyJ[\w-]+\.[\w-]+\.[\w-]*$/u;

/**
 * Azure expects a key in `api-key`, and reads a bearer token as one of Entra ID, the only one that
 * Foundry accepts.
 */
function authHeaders({ apiKey, apiVersion }: RemoteServer) {
  if (apiKey === null) return { Authorization: null };
  if (apiVersion === null || webToken.test(apiKey)) return {};
  return { Authorization: null, 'api-key': apiKey };
}

/** Sends a new Idempotency-Key with each request that is no GET, and the same key with its retries. */
class RemoteOpenAI extends OpenAI {
  protected override readonly idempotencyHeader = 'Idempotency-Key';
}

/** Creates the SDK client of the embedded engine or of a remote server. */
export function createClient(options: EmbeddedServer | RemoteServer): OpenAI {
  if ('fetch' in options) {
    return new OpenAI({
      ...noEnvironment,
      apiKey: placeholderKey,
      baseURL: 'http://embedded/v1',
      fetch: inProcessFetch((request) => options.fetch(request)),
      maxRetries: 0,
    });
  }
  const { baseURL, apiKey, apiVersion, setting = 'ASSISTANTS_BASE_URL' } = options;
  return new RemoteOpenAI({
    ...noEnvironment,
    apiKey: apiKey ?? placeholderKey,
    baseURL,
    defaultHeaders: authHeaders(options),
    fetch: wrapErrorBodies(sdkFetchWithinOrigin(globalThis.fetch, setting)),
    ...(apiVersion !== null && { defaultQuery: { 'api-version': apiVersion } }),
  });
}

/** The SDK sends JSON as a string, which need not be copied. */
const toRequest = (input: string | URL | Request, init: RequestInit = {}): Request =>
  typeof init.body === 'string' && !(input instanceof Request)
    ? new JsonRequest(input, init, init.body)
    : new Request(input, init);

/**
 * Creates a `fetch` that passes every request to a handler in this process. An abort rejects at
 * once, as on a network, even if the handler ignores the signal.
 */
export function inProcessFetch(handler: Handler): typeof fetch {
  return async (input, init) => {
    const request = toRequest(input, init);
    const signal = init?.signal ?? request.signal;
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    handler(request)
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', abort));
    return promise;
  };
}
