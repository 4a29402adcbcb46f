import { applyShape, type Shape } from './response-shapes.ts';
import { shapeStream } from './shaped-stream.ts';

/** The shapes of the responses to a request; null where they stay as they are. */
export interface Shapes {
  readonly json: Shape | null;
  readonly stream: Shape | null;
  /** Adds to a shaped value what only another request finds. */
  readonly complete?: (value: unknown) => Promise<unknown>;
}

/** A response with another body. */
export function withBody(response: Response, body: ReadableStream | string): Response {
  const { status, headers } = response;
  headers.delete('content-length');
  headers.delete('content-encoding');
  return new Response(body, { status, headers });
}

/** A successful response of the engine with its objects in their shapes. */
export async function shapeResponse(response: Response, shapes: Shapes): Promise<Response> {
  const { status, headers, body } = response;
  const type = headers.get('content-type') ?? '';
  if (body === null || status >= 400) return response;
  if (type.startsWith('text/event-stream')) {
    return shapes.stream === null ? response : withBody(response, shapeStream(body, shapes.stream));
  }
  if (shapes.json === null || !type.startsWith('application/json')) return response;
  const value = applyShape(await response.json(), shapes.json);
  return withBody(response, JSON.stringify((await shapes.complete?.(value)) ?? value));
}
