import type { Config } from '../config/config.ts';
import { openaiURL } from '../engine/models/endpoint.ts';

/** Where requests go that the engine does not answer, or in one sentence why they go nowhere. */
export type ModelEndpoint =
  | {
      /** Takes the place of `/v1`. */
      readonly baseURL: string;
      /** The server's own; null: none is sent. */
      readonly apiKey: string | null;
    }
  | { readonly reason: string };

export function resolveModelEndpoint({
  modelApi,
  apiKey,
  modelBaseUrl,
}: Pick<Config, 'modelApi' | 'apiKey' | 'modelBaseUrl'>): ModelEndpoint {
  if (modelApi === 'scripted') {
    return { reason: 'the scripted model has assistants and threads alone.' };
  }
  if (apiKey === null && modelBaseUrl === null) {
    return { reason: 'it needs a model endpoint, so set OPENAI_API_KEY or OPENAI_BASE_URL.' };
  }
  return { baseURL: modelBaseUrl ?? openaiURL, apiKey };
}
