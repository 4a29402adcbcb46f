import { ApiError } from './errors.ts';

type Fetch = typeof globalThis.fetch;

const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const maxRedirects = 5;

/** A 502 that the SDKs do not retry: the redirect would be the same. */
const redirectError = (message: string): ApiError =>
  new ApiError(502, message, { headers: { 'x-should-retry': 'false' } });

/** A request that can be sent more than once. */
interface Hop {
  readonly url: URL;
  readonly init: RequestInit;
}

async function toHop(input: string | URL | Request, init: RequestInit = {}): Promise<Hop> {
  if (!(input instanceof Request)) return { url: new URL(input), init };
  const { url, method, headers, signal } = input;
  const body = input.body === null ? null : await input.arrayBuffer();
  return { url: new URL(url), init: { method, headers, signal, body, ...init } };
}

/** The next request after a redirect, as the fetch standard builds it. */
function nextInit(status: number, init: RequestInit): RequestInit {
  const method = (init.method ?? 'GET').toUpperCase();
  const becomesGet =
    status === 303 ? method !== 'GET' && method !== 'HEAD' : status < 303 && method === 'POST';
  if (!becomesGet) return init;
  const headers = new Headers(init.headers);
  for (const name of ['type', 'length', 'encoding', 'language', 'location']) {
    headers.delete(`content-${name}`);
  }
  return { ...init, method: 'GET', headers, body: null };
}

/** The URL that a response redirects to; throws an ApiError unless it has the same origin. */
function redirectTarget(response: Response, { url, init }: Hop, advice: string): URL {
  const location = response.headers.get('location') ?? '';
  const target = location === '' ? null : URL.parse(location, url.href);
  if (target === null) {
    throw redirectError(`${url.origin} redirects (${response.status}) without a valid location.`);
  }
  if (target.origin !== url.origin) {
    const place = target.origin === 'null' ? target.protocol : target.origin;
    throw redirectError(`${url.origin} redirects to ${place}, which is another origin; ${advice}.`);
  }
  if (response.status > 303 && init.body instanceof ReadableStream) {
    throw redirectError(`${url.origin} redirects a streamed body, which cannot be sent again.`);
  }
  target.username = '';
  target.password = '';
  return target;
}

/**
 * Wraps `fetch` so that it follows redirects only within the origin of the URL. Anything else
 * rejects with an ApiError that ends with `advice`, as neither keys nor prompts may go elsewhere.
 */
export const fetchWithinOrigin =
  (fetch: Fetch, advice: string): Fetch =>
  async (input, requestInit) => {
    let hop = await toHop(input, requestInit);
    for (let count = 0; count <= maxRedirects; count += 1) {
      const response = await fetch(hop.url.href, { ...hop.init, redirect: 'manual' });
      if (!redirectStatuses.has(response.status)) return response;
      await response.body?.cancel();
      const url = redirectTarget(response, hop, advice);
      hop = { url, init: nextInit(response.status, hop.init) };
    }
    throw redirectError(`${hop.url.origin} redirects more than ${maxRedirects} times.`);
  };

/**
 * Like `fetchWithinOrigin`, for the SDK: a refused redirect is a 502 response, because the SDK sends
 * a request that was rejected again. `setting` is the variable that has the base URL.
 */
export function sdkFetchWithinOrigin(fetch: Fetch, setting: string): Fetch {
  const follow = fetchWithinOrigin(fetch, `set ${setting} to it if you trust it`);
  return async (input, init) => {
    try {
      return await follow(input, init);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return error.toResponse();
    }
  };
}
