import { singleLineJson } from '../../shared/json.ts';

/** One server-sent event (contract §7.1). */
export const encodeEvent = (name: string, data: unknown): string =>
  `event: ${name}\ndata: ${singleLineJson(data)}\n\n`;

/** The frame that ends every stream; its data is not JSON. */
export const doneFrame = 'event: done\ndata: [DONE]\n\n';

/** A comment, which clients skip: it keeps proxies from closing the connection. */
export const keepAliveFrame = ': keep-alive\n\n';

/**
 * A streaming response. `next` returns the next frames when the client is ready for them, null at the
 * end; `cancel` is called when the client disconnects before.
 */
export function sseResponse(next: () => Promise<string | null>, cancel: () => void): Response {
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const frames = await next();
      if (frames === null) controller.close();
      else controller.enqueue(encoder.encode(frames));
    },
    cancel,
  });
  return new Response(body, {
    headers: {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    },
  });
}
