import { listen } from './loopback-server.ts';

/** One call of the model, answered by the test piece by piece. */
export interface StreamedCall {
  write(text: string): void;
  end(): void;
  /** Answers with an error instead; only before anything was written. */
  fail(status: number, message: string): void;
}

export interface StreamingModel {
  /** The environment of a program that calls this model. */
  readonly env: Readonly<Record<string, string>>;
  /** Resolves with the next call. */
  nextCall(): Promise<StreamedCall>;
}

const chunk = (delta: object, finish_reason: string | null = null): string =>
  `data: ${JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [{ index: 0, delta, finish_reason }],
  })}\n\n`;

/** Starts a Chat Completions server whose answers the test streams. */
export async function startStreamingModel(): Promise<StreamingModel> {
  const calls: StreamedCall[] = [];
  const waiting: ((call: StreamedCall) => void)[] = [];
  const answer = () => {
    const response = Promise.withResolvers<Response>();
    const encoder = new TextEncoder();
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    const send = (text: string) => {
      const headers = { 'content-type': 'text/event-stream' };
      response.resolve(new Response(readable, { headers }));
      // The program closes the connection of a cancelled call.
      writer.write(encoder.encode(text)).catch(() => undefined);
    };
    const call: StreamedCall = {
      write: (text) => send(chunk({ role: 'assistant', content: text })),
      end() {
        send(`${chunk({}, 'stop')}data: [DONE]\n\n`);
        writer.close().catch(() => undefined);
      },
      fail(status, message) {
        const error = { message, type: 'invalid_request_error', param: null, code: null };
        response.resolve(Response.json({ error }, { status }));
      },
    };
    const next = waiting.shift();
    if (next === undefined) calls.push(call);
    else next(call);
    return response.promise;
  };
  const url = await listen((request) =>
    new URL(request.url).pathname === '/v1/chat/completions'
      ? answer()
      : new Response(null, { status: 404 }),
  );
  return {
    env: { OPENAI_BASE_URL: `${url}/v1`, ASSISTANTS_MODEL_API: 'chat' },
    nextCall() {
      const call = calls.shift();
      if (call !== undefined) return Promise.resolve(call);
      return new Promise((resolve) => waiting.push(resolve));
    },
  };
}
