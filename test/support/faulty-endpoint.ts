import { waitUntil } from './clock.ts';
import { createRun, readMessages, readRun, textOf } from './conversation.ts';
import { setup } from './engine.ts';

type Api = 'responses' | 'chat';

/** A response of a model endpoint, as raw as needed. */
export type RawResponse = (api: Api) => Response;

const eventStream = { 'content-type': 'text/event-stream', 'x-request-id': 'req_upstream' };

/** A stream of events with the given data, objects as JSON. */
export const streamOf = (...events: readonly unknown[]): Response =>
  new Response(
    events
      .map((event) => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`)
      .join(''),
    { headers: eventStream },
  );

/** A stream of the same chunk, repeated up to `maxChunks` times, and the number of those read. */
export function endlessStream(chunk: string, maxChunks: number) {
  const bytes = new TextEncoder().encode(chunk);
  let chunks = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      chunks += 1;
      if (chunks > maxChunks) controller.close();
      else controller.enqueue(bytes);
    },
  });
  return { body, chunksRead: () => chunks };
}

const chatChunk = (delta: object, finish_reason: string | null = null) => ({
  choices: [{ index: 0, delta, finish_reason }],
});

const answerItem = {
  id: 'msg_1',
  type: 'message',
  status: 'completed',
  role: 'assistant',
  content: [{ type: 'output_text', text: 'Snow.', annotations: [] }],
};

/** The events of the answer `Snow.` */
export const goodEvents = {
  chat: [chatChunk({ content: 'Snow.' }), chatChunk({}, 'stop'), '[DONE]'],
  responses: [
    {
      type: 'response.output_text.delta',
      item_id: 'msg_1',
      output_index: 0,
      content_index: 0,
      delta: 'Snow.',
    },
    { type: 'response.completed', response: { status: 'completed', output: [answerItem] } },
  ],
} satisfies Record<Api, readonly unknown[]>;

const finalStatuses = new Set(['failed', 'completed', 'requires_action', 'incomplete']);

/** Runs an assistant at an endpoint that always sends this response, until the run ends or is repeated. */
export async function runAt(api: Api, respond: RawResponse, baseURL?: string) {
  let calls = 0;
  const fetch: typeof globalThis.fetch = async () => {
    calls += 1;
    return respond(api);
  };
  const harness = await setup({
    model: api,
    endpoint: { fetch, rejections: [] },
    ...(baseURL !== undefined && { baseURL, key: null }),
  });
  const { run, thread_id } = await createRun(harness);
  await harness.engine.tick();
  const read = () => readRun(harness, run);
  await waitUntil(async () => calls > 1 || finalStatuses.has((await read()).status));
  const texts = (await readMessages(harness, thread_id)).map(textOf);
  return { run: await read(), texts, calls, log: harness.logLines.join('') };
}

/** What no error of a run may contain: the text of an exception of this program. */
const exceptionText =
  /Cannot read prop|is not a function|not iterable|undefined|\[object|Unexpected/u;

/** How a run at this endpoint ended, and its error. */
export async function outcomeAt(api: Api, respond: RawResponse) {
  const { run, texts, calls, log } = await runAt(api, respond);
  const { message = '' } = run.last_error ?? {};
  return {
    message,
    outcome: {
      status: run.status,
      texts: run.status === 'completed' ? texts : [],
      calls,
      isLong: message.length > 2000,
      namesException: exceptionText.test(message) || log.includes('TypeError'),
    },
  };
}

const isPresentable = { isLong: false, namesException: false };
/** The outcome of a run that failed in its only call, with a presentable error. */
export const failedOnce = { status: 'failed', texts: [], calls: 1, ...isPresentable };
/** The outcome of a run that got the answer `Snow.` in its only call. */
export const answeredOnce = {
  status: 'completed',
  texts: ['Weather in Oslo?', 'Snow.'],
  calls: 1,
  ...isPresentable,
};

/** The event, then the answer `Snow.` */
export const beforeAnswer =
  (event: unknown): RawResponse =>
  (api) =>
    streamOf(event, ...goodEvents[api]);

/** A response of JSON, or what looks like it. */
export const json =
  (text: string): RawResponse =>
  () =>
    new Response(text, { headers: { 'content-type': 'application/json' } });

/** An object that cannot become a text. */
export const notConvertible = { toString: 1, valueOf: 1 };
