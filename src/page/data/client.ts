import OpenAI, { APIConnectionError, APIError } from 'openai';

/** What the server says of itself. */
export interface PageConfig {
  readonly read_only: boolean;
  readonly model_api: string;
  readonly version: string;
}

export const baseURL = (): string => `${location.origin}/v1`;

/** A repeated request carries the same key, so that it changes nothing twice. */
class PageClient extends OpenAI {
  protected override idempotencyHeader = 'Idempotency-Key';
}

/** The official SDK, with this server as its endpoint. */
export function createClient(token: string | null): OpenAI {
  return new PageClient({
    baseURL: baseURL(),
    apiKey: token ?? 'none',
    dangerouslyAllowBrowser: true,
    maxRetries: 2,
    logLevel: 'off',
    ...(token === null && { defaultHeaders: { Authorization: null } }),
  });
}

export async function loadConfig(token: string | null): Promise<PageConfig> {
  const headers = token === null ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch('/page/config.json', { headers });
  if (!response.ok)
    throw APIError.generate(response.status, undefined, undefined, response.headers);
  const config: PageConfig = await response.json();
  return config;
}

/** Whether a call failed because it carried no token, or a wrong one. */
export const isUnauthorized = (error: unknown): boolean =>
  error instanceof APIError && error.status === 401;

export const isOffline = (error: unknown): boolean => error instanceof APIConnectionError;

export const isNotFound = (error: unknown): boolean =>
  error instanceof APIError && error.status === 404;

/** What went wrong, in a sentence for people. */
export function sentenceOf(error: unknown): string {
  if (isOffline(error)) return 'The server cannot be reached.';
  if (error instanceof APIError) return error.message.replace(/^\d{3} /u, '');
  return error instanceof Error ? error.message : String(error);
}
