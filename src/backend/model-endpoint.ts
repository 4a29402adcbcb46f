import type { Config } from '../config/config.ts';
import { errors } from '../engine/http/errors.ts';
import { openaiURL } from '../engine/models/endpoint.ts';
import { type ApiError, connectionErrorReason } from '../shared/errors.ts';

/** Where requests go that the engine does not answer. */
export interface ModelEndpoint {
  /** Replaces `/v1` of this server's URLs. */
  readonly baseURL: string;
  /** The server's own key; null: requests carry no key. */
  readonly apiKey: string | null;
}

export interface NoModelEndpoint {
  /** The reason, a sentence that follows a colon. */
  readonly unavailable: string;
}

export function resolveModelEndpoint({
  modelApi,
  apiKey,
  modelBaseUrl,
}: Pick<Config, 'modelApi' | 'apiKey' | 'modelBaseUrl'>): ModelEndpoint | NoModelEndpoint {
  if (modelApi === 'scripted') {
    return { unavailable: 'the scripted model supports only assistants and threads.' };
  }
  if (apiKey === null && modelBaseUrl === null) {
    return { unavailable: 'it needs a model endpoint. Set OPENAI_API_KEY or OPENAI_BASE_URL.' };
  }
  return { baseURL: modelBaseUrl ?? openaiURL, apiKey };
}

/** The Authorization header of a forwarded request, which never carries the client's key. */
export const endpointAuthorization = ({ apiKey }: ModelEndpoint): { authorization?: string } =>
  apiKey === null ? {} : { authorization: `Bearer ${apiKey}` };

/** The 502 for a request that could not be sent to the model endpoint. */
export const endpointUnreachable = (error: unknown): ApiError =>
  errors.unreachable(connectionErrorReason(error));
