import OpenAI, { APIError } from 'openai';
import { limitSdkRetries } from './upstream-fetch.ts';

/** The model endpoint, and how to be let in. */
export interface EndpointOptions {
  /** Null for servers that ask for none. */
  readonly apiKey: string | null;
  /** Null for OpenAI's own endpoint. */
  readonly baseURL: string | null;
  readonly fetch?: typeof globalThis.fetch;
  /** What must never appear in an error, beside the key. */
  readonly secrets?: readonly string[];
}

export const openaiURL = 'https://api.openai.com/v1';

/** Hosts of OpenAI's own and of Azure's, which speak all of its APIs. */
const openaiHosts =
  /(?:^|\.)(?:api\.openai\.com|(?:openai|services\.ai|cognitiveservices)\.azure\.(?:com|us|cn))$/u;

export const isOpenAI = ({ baseURL }: EndpointOptions): boolean =>
  openaiHosts.test(new URL(baseURL ?? openaiURL).hostname);

/** The run's own deadline ends a model call; the SDK's ten minutes would cut longer lifetimes short. */
export const noTimeout = 2 ** 31 - 1;

const unavailable =
  'No model is configured to run this: set OPENAI_API_KEY, or set OPENAI_BASE_URL to a server that needs no key, or choose the offline scripted model with ASSISTANTS_MODEL_API=scripted.';

/** Why no model can be called at all, in one sentence; null when one can. */
export const whyUnavailable = ({ apiKey, baseURL }: EndpointOptions): string | null =>
  apiKey === null && baseURL === null ? unavailable : null;

/** The SDK's client for the endpoint; `timeout` is in milliseconds. */
export const createEndpointClient = (
  { apiKey, baseURL, fetch = globalThis.fetch }: EndpointOptions,
  timeout: number,
): OpenAI =>
  new OpenAI({
    apiKey: apiKey ?? 'none',
    baseURL: baseURL ?? openaiURL,
    timeout,
    // What the SDK would else read from the environment, which other calls to the endpoint know nothing of.
    adminAPIKey: null,
    organization: null,
    project: null,
    logLevel: 'off',
    ...(apiKey === null ? { defaultHeaders: { Authorization: null } } : {}),
    fetch: limitSdkRetries(fetch),
  });

/** Statuses by which a server says that it does not have a path. */
export const missingPathStatuses: ReadonlySet<unknown> = new Set([404, 405, 501]);

export const isMissingPath = (error: unknown): boolean =>
  error instanceof APIError && missingPathStatuses.has(error.status);

export const secretsOf = ({ apiKey, secrets = [] }: EndpointOptions): readonly string[] => [
  ...secrets,
  apiKey ?? '',
];
