import { ToolError } from './sdk-call.ts';

/** What an SDK call gives back at once: an `APIPromise` whose answer may be read as it came. */
export interface ApiCall<Body> extends PromiseLike<Body> {
  asResponse(): Promise<Response>;
}

/** An answer of the server: its body, complete, and its headers. */
export interface Answer<Body> {
  readonly body: Body;
  readonly headers: Headers;
}

/**
 * Waits for an SDK call and reads its body itself, because the SDK's page objects keep only `data`
 * and `has_more`. Rejects with the SDK's error, or with a ToolError when the body is no JSON object.
 */
export async function readJson<Body extends object>(pending: ApiCall<Body>): Promise<Answer<Body>> {
  const response = await pending.asResponse();
  const text = await response.text();
  const { headers, status } = response;
  try {
    const body: Body = JSON.parse(text);
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return { body, headers };
  } catch {
    // Said below, as for any other body that is none.
  }
  throw new ToolError('The server answered with something that is not a JSON object.', { status });
}
