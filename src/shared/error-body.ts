import { parseJson } from './json.ts';

type Fetch = typeof globalThis.fetch;

/** The body with its error in `error`, where the SDK looks for it; undefined: it is there already. */
function wrapError(body: unknown): unknown {
  // Gemini sends a list.
  const first: unknown = Array.isArray(body) ? body[0] : body;
  const hasError = typeof first === 'object' && first !== null && 'error' in first;
  if (hasError) return first === body ? undefined : first;
  return typeof body === 'object' && body !== null ? { error: first } : undefined;
}

/** Wraps `fetch` so that the SDK finds the error in the bodies of all servers. */
export const wrapErrorBodies =
  (fetch: Fetch): Fetch =>
  async (input, init) => {
    const response = await fetch(input, init);
    if (response.ok) return response;
    const text = await response.text().catch(() => '');
    const wrapped = wrapError(parseJson(text));
    const { status, statusText, headers } = response;
    const body = wrapped === undefined ? text : JSON.stringify(wrapped);
    return new Response(body === '' ? null : body, { status, statusText, headers });
  };
