import OpenAI from 'openai';
import { restrained } from './upstream-fetch.ts';

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

const openaiURL = 'https://api.openai.com/v1';

/** The SDK's client for the endpoint; `timeout` is in milliseconds. */
export const createEndpointClient = (
  { apiKey, baseURL, fetch = globalThis.fetch }: EndpointOptions,
  timeout: number,
): OpenAI =>
  new OpenAI({
    apiKey: apiKey ?? 'none',
    baseURL: baseURL ?? openaiURL,
    timeout,
    logLevel: 'off',
    ...(apiKey === null ? { defaultHeaders: { Authorization: null } } : {}),
    fetch: restrained(fetch),
  });

export const secretsOf = ({ apiKey, secrets = [] }: EndpointOptions): readonly string[] => [
  ...secrets,
  apiKey ?? '',
];
