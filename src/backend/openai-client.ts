import OpenAI from 'openai';

/** The engine in this process. */
interface Embedded {
  /** Answers requests whose paths begin with /v1. */
  readonly fetch: (request: Request) => Promise<Response>;
}

/** A server elsewhere that speaks Assistants. */
interface RemoteEngine {
  /** Used as given; nothing is added to its path. */
  readonly baseURL: string;
  /** null for a server that asks for none. */
  readonly apiKey: string | null;
  /** Sent as the query `api-version`; null: none. Having one marks an Azure server. */
  readonly apiVersion: string | null;
}

/** What the SDK would else read from the environment, or write to the console. */
const noEnvironment = {
  adminAPIKey: null,
  organization: null,
  project: null,
  webhookSecret: null,
  logLevel: 'off',
} as const;

/** The SDK insists on a key even where none is sent. */
const noKey = 'none';

/** Azure reads keys from a header of its own, and would take a bearer token for an identity's. */
function authenticate({ apiKey, apiVersion }: RemoteEngine) {
  if (apiKey === null) return { Authorization: null };
  return apiVersion === null ? {} : { Authorization: null, 'api-key': apiKey };
}

/** The SDK's client for the engine or for a server elsewhere. */
export function createClient(options: Embedded | RemoteEngine): OpenAI {
  if ('fetch' in options) {
    return new OpenAI({
      ...noEnvironment,
      apiKey: noKey,
      baseURL: 'http://embedded/v1',
      fetch: inProcessFetch((request) => options.fetch(request)),
      maxRetries: 0,
    });
  }
  const { baseURL, apiKey, apiVersion } = options;
  return new OpenAI({
    ...noEnvironment,
    apiKey: apiKey ?? noKey,
    baseURL,
    defaultHeaders: authenticate(options),
    ...(apiVersion !== null && { defaultQuery: { 'api-version': apiVersion } }),
  });
}

/** Answers a request in this process. */
type Handler = (request: Request) => Promise<Response>;
/**
 * A `fetch` for the SDK that hands every request to a handler in this process. The handler sees the
 * caller's signal but need not heed it: an abort or a timeout rejects at once, as on a network.
 */
export function inProcessFetch(handler: Handler): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init);
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
