import { fieldOf } from '../../shared/json.ts';
import { toEndpointFilesError } from './endpoint-files.ts';
import {
  createEndpointClient,
  type EndpointOptions,
  isMissingPath,
  secretsOf,
} from './endpoint.ts';
import { APIError } from 'openai';

/** A request waits for the probe. */
const probeTimeoutMs = 10_000;

/** Statuses of a path that exists, although this request for it was not answered. */
const refusals: ReadonlySet<unknown> = new Set([400, 401, 403, 422]);

/** Some servers answer every path with 200, so that only the body says whether there is a list. */
const isList = (body: unknown): boolean => Array.isArray(fieldOf(body, 'data'));

/**
 * Whether an endpoint has both files and vector stores. Throws {@link EndpointFilesError} while that
 * cannot be found out, because the endpoint is unreachable or fails.
 */
export async function hasFilesAndStores(options: EndpointOptions): Promise<boolean> {
  const client = createEndpointClient(options, probeTimeoutMs);
  for (const path of ['/files?limit=1', '/vector_stores?limit=1']) {
    try {
      if (!isList(await client.get(path, { maxRetries: 0 }))) return false;
    } catch (error) {
      if (isMissingPath(error)) return false;
      if (error instanceof APIError && refusals.has(error.status)) continue;
      throw toEndpointFilesError(error, secretsOf(options));
    }
  }
  return true;
}
