import * as z from 'zod';
import { setup, type HarnessOptions } from './engine.ts';
import { createRun, readMessages, readRun, submitOutputs, textOf } from './conversation.ts';

const body = z.looseObject({
  model: z.string(),
  messages: z.array(z.looseObject({ role: z.string() })).default([]),
  input: z.array(z.looseObject({})).default([]),
});

export type SentBody = z.infer<typeof body>;

/** A server's answer to its request number `call`, from 0; null: it has no such path. */
export type Answer = (request: SentBody, call: number) => Response | Promise<Response>;

export interface AnswerServer {
  /** Answers `POST /chat/completions`. */
  readonly chat?: Answer;
  /** Answers `POST /responses`. */
  readonly responses?: Answer;
}

/** The bytes of a stream of server-sent events. */
export const sse = (text: string): Response =>
  new Response(text, { headers: { 'content-type': 'text/event-stream' } });

export const events = (values: readonly unknown[]): string =>
  values.map((value) => `data: ${JSON.stringify(value)}\n\n`).join('');

/** A stream of Chat Completions. */
export const chatStream = (deltas: readonly object[], finish_reason: string | null = 'stop') =>
  sse(
    `${events([
      ...deltas.map((delta) => ({ choices: [{ index: 0, delta, finish_reason: null }] })),
      { choices: [{ index: 0, delta: {}, finish_reason }] },
    ])}data: [DONE]\n\n`,
  );

/** A response of the Responses API as a stream of its last event only. */
export const finalResponse = (output: readonly object[], fields: object = {}): Response =>
  sse(
    events([{ type: 'response.completed', response: { status: 'completed', output, ...fields } }]),
  );

export const messageItem = (text: string): object => ({
  type: 'message',
  id: 'msg_1',
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text, annotations: [] }],
});

/** A response whose message arrives in these pieces. */
export const textResponse = (...pieces: readonly string[]): Response =>
  sse(
    events([
      ...pieces.map((delta) => ({
        type: 'response.output_text.delta',
        item_id: 'msg_1',
        output_index: 0,
        content_index: 0,
        delta,
      })),
      {
        type: 'response.completed',
        response: { status: 'completed', output: [messageItem(pieces.join(''))] },
      },
    ]),
  );

/** Records the requests that a server gets. */
export function listen({ chat, responses }: AnswerServer) {
  const requests: SentBody[] = [];
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init);
    const { pathname } = new URL(request.url);
    const answer = pathname.endsWith('/responses') ? responses : chat;
    if (answer === undefined) return new Response('Not Found', { status: 404 });
    const sent = body.parse(await request.json());
    return answer(sent, requests.push(sent) - 1);
  };
  return { fetch, requests };
}

interface Options extends HarnessOptions {
  readonly modelName?: string;
}

/** An engine at a server, which by default is no OpenAI's. */
export async function openAt(server: AnswerServer, options: Options = {}) {
  const { modelName = 'local-model', ...harnessOptions } = options;
  const { fetch, requests } = listen(server);
  const harness = await setup({
    model: server.chat === undefined ? 'responses' : 'chat',
    baseURL: 'http://localhost:8000/v1',
    key: null,
    endpoint: { fetch, rejections: [] },
    ...harnessOptions,
  });
  const finish = async (run: { id: string; thread_id: string }) => {
    await harness.engine.tick();
    const idle = new AbortController();
    const ended = harness.engine.idle().then(() => idle.abort());
    // The pauses between calls.
    for (let seconds = 0; !idle.signal.aborted && seconds < 200; seconds += 1) {
      await harness.clock.advance(1000);
    }
    await ended;
    return readRun(harness, run);
  };
  return {
    harness,
    requests,
    finish,
    start: async () => {
      const { run, thread_id } = await createRun(harness, { model: modelName });
      const ended = await finish(run);
      return { run: ended, thread_id };
    },
    submit: async (run: Awaited<ReturnType<typeof readRun>>) => {
      await submitOutputs(harness, run);
      return finish(run);
    },
    /** The texts of the assistant's messages. */
    texts: async (thread_id: string) => {
      const messages = await readMessages(harness, thread_id);
      return messages.filter(({ role }) => role === 'assistant').map(textOf);
    },
  };
}

/** The names and arguments of the calls that a run waits for. */
export const callsOf = ({ required_action }: Awaited<ReturnType<typeof readRun>>) =>
  required_action?.submit_tool_outputs.tool_calls.map((call) => [
    call.function.name,
    call.function.arguments,
  ]) ?? [];
