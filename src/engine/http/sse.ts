/** JSON on a single line, for those clients too that split text where Unicode ends a line. */
const singleLineJson = (data: unknown): string =>
  JSON.stringify(data).replaceAll(
    /[\u0085\u2028\u2029]/gu,
    (end) => `\\u${end.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** One server-sent event, its data on a single line (contract §7.1). */
export const encodeEvent = (name: string, data: unknown): string =>
  `event: ${name}\ndata: ${singleLineJson(data)}\n\n`;

/** The frame that ends every stream; its data is no JSON. */
export const doneFrame = 'event: done\ndata: [DONE]\n\n';

/** A comment, which clients skip: it shows everybody between that the connection lives. */
export const keepAliveFrame = ': keep-alive\n\n';

/**
 * Answers with a stream of frames, made one batch at a time as the client takes them: `next` makes
 * the next batch, or null at the end; `cancel` is called when the client goes away before it.
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
