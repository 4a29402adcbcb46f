import { isObject } from '../schema/common.ts';
import { yieldIfOthersWait } from '../shared/clock.ts';
import { ApiError } from '../shared/errors.ts';
import { JsonError, JsonReader } from '../shared/json-reader.ts';

/** Values in one response: a page has up to 100 objects. */
const maxResponseValues = 500_000;

/** A started SDK call: the part of the SDK's `APIPromise` that tools use. */
export interface ApiCall<Body> extends PromiseLike<Body> {
  asResponse(): Promise<Response>;
}

/** A server's response: its complete body and its headers. */
export interface ApiResponse<Body> {
  readonly body: Body;
  readonly headers: Headers;
}

/**
 * Awaits an SDK call and parses the body here, because the SDK's page objects drop all fields but
 * `data` and `has_more`. Rejects with the SDK's error, or with an ApiError when the body is not a
 * JSON object.
 */
export async function readJson<Body extends object>(
  call: ApiCall<Body>,
): Promise<ApiResponse<Body>> {
  const response = await call.asResponse();
  const { headers, status } = response;
  const reader = new JsonReader({ maxValues: maxResponseValues });
  for await (const chunk of response.body ?? []) {
    await yieldIfOthersWait();
    reader.add(chunk);
  }
  try {
    const body = await reader.finish();
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the SDK does not check it either
    if (isObject(body)) return { body: body as Body, headers };
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    if (error.problem === 'too many values') {
      const message = `The server's response has more than ${maxResponseValues} values. Ask for fewer objects at once.`;
      throw new ApiError(status, message);
    }
    // Invalid JSON gets the same error as a body of another type.
  }
  throw new ApiError(status, "The server's response is not a JSON object.");
}
