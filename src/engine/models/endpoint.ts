import OpenAI, { APIError } from 'openai';
import { missingPathStatuses } from '../../shared/errors.ts';
import { sdkFetchWithinOrigin } from '../../shared/same-origin-fetch.ts';
import type { Log } from '../../shared/log.ts';
import { boundResponses } from './bounded-fetch.ts';
import { wrapErrorBodies } from '../../shared/error-body.ts';
import { limitSdkRetries, waitPatiently } from './upstream-fetch.ts';

/** The model endpoint and its credentials. */
export interface EndpointOptions {
  /** Null for servers that need none. */
  readonly apiKey: string | null;
  /** Null for OpenAI's own endpoint. */
  readonly baseURL: string | null;
  readonly fetch?: typeof globalThis.fetch;
  /** Redacted from errors, in addition to `apiKey`. */
  readonly secrets?: readonly string[];
}

/** How models are called at an endpoint. */
export interface ModelCallOptions extends EndpointOptions {
  /** Told once of each adaptation to a model. */
  readonly log?: Pick<Log, 'warn'>;
  /** Whether runs go on without hosted tools that the endpoint lacks; else they fail. */
  readonly dropsHostedTools?: boolean;
}

export const openaiURL = 'https://api.openai.com/v1';

/** OpenAI and Azure support all of OpenAI's APIs. */
const openaiHosts =
  /(?:^|\.)(?:api\.openai\.com|(?:openai|services\.ai|cognitiveservices)\.azure\.(?:com|us|cn))$/u;

export const isOpenAI = ({ baseURL }: EndpointOptions): boolean =>
  openaiHosts.test(new URL(baseURL ?? openaiURL).hostname);

/** In milliseconds. The run's deadline ends a model call; the SDK's default of ten minutes is too short. */
export const noTimeout = 2 ** 31 - 1;

const unavailable =
  'No model is configured to run this: set OPENAI_API_KEY, or set OPENAI_BASE_URL to a server that needs no key, or choose the offline scripted model with ASSISTANTS_MODEL_API=scripted.';

/** Why no model can be called, in one sentence; null when one can. */
export const whyUnavailable = ({ apiKey, baseURL }: EndpointOptions): string | null =>
  apiKey === null && baseURL === null ? unavailable : null;

/** An SDK client that ignores the environment, so that it is configured by `EndpointOptions` alone. */
export const createEndpointClient = (
  { apiKey, baseURL, fetch = globalThis.fetch }: EndpointOptions,
  timeoutMs: number,
): OpenAI =>
  new OpenAI({
    apiKey: apiKey ?? 'none',
    baseURL: baseURL ?? openaiURL,
    timeout: timeoutMs,
    // Null keeps the SDK from reading these from the environment.
    adminAPIKey: null,
    organization: null,
    project: null,
    logLevel: 'off',
    ...(apiKey === null ? { defaultHeaders: { Authorization: null } } : {}),
    fetch: limitSdkRetries(
      wrapErrorBodies(
        boundResponses(sdkFetchWithinOrigin(waitPatiently(fetch), 'OPENAI_BASE_URL')),
      ),
    ),
  });

export const isMissingPath = (error: unknown): boolean =>
  error instanceof APIError && missingPathStatuses.has(error.status);

export const secretsOf = ({ apiKey, secrets = [] }: EndpointOptions): readonly string[] => [
  ...secrets,
  apiKey ?? '',
];
