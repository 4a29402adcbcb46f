import { readSseData } from '../sse-reader.ts';

type Fetch = typeof globalThis.fetch;

const fieldOf = (value: unknown, name: string): unknown => Reflect.get(Object(value), name);

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** What stands for an answer of some other API, or of none: the endpoint does not have this one. */
const notImplemented = (): Response =>
  Response.json(
    { error: { message: 'The model endpoint does not answer as the Responses API does.' } },
    { status: 501, headers: { 'x-should-retry': 'false' } },
  );

/** Streams of this API begin with one of its events, or with an error. */
function isOwn(event: unknown): boolean {
  const type = fieldOf(event, 'type');
  return type === 'error' || (typeof type === 'string' && type.startsWith('response.'));
}

/** What gateways send to keep a connection until the model has something to say. */
const isPing = (event: unknown): boolean =>
  fieldOf(event, 'type') === 'ping' || JSON.stringify(event) === '{}';

/** Whether a stream is of another API; one that breaks off at once says nothing of what it would be. */
async function isForeign(events: AsyncIterator<string>): Promise<boolean> {
  for (;;) {
    const next = await events.next().catch(() => null);
    if (next === null || next.done === true) return false;
    const event = parse(next.value);
    if (!isPing(event)) return !isOwn(event);
  }
}

async function checkStream({ body, headers }: Response): Promise<Response> {
  if (body === null) return notImplemented();
  const [looked, kept] = body.tee();
  const events = readSseData(looked);
  const isOther = await isForeign(events);
  void events.return(undefined).catch(() => undefined);
  if (isOther) {
    await kept.cancel();
    return notImplemented();
  }
  return new Response(kept, { headers });
}

/** A response in one piece becomes the stream that was asked for. */
function checkJson(text: string, { headers }: Response): Response {
  const response = parse(text);
  if (fieldOf(response, 'object') !== 'response') return notImplemented();
  const status = fieldOf(response, 'status');
  const type = status === 'incomplete' || status === 'failed' ? status : 'completed';
  const event = JSON.stringify({ type: `response.${type}`, response });
  const requestId = headers.get('x-request-id');
  return new Response(`data: ${event}\n\n`, {
    headers: {
      'content-type': 'text/event-stream',
      ...(requestId === null ? {} : { 'x-request-id': requestId }),
    },
  });
}

/**
 * Makes sure that what an endpoint answers is of the Responses API: servers without it answer
 * anything, a web page or an error under status 200 included, and it becomes a 501.
 */
export function requireResponsesApi(fetch: Fetch): Fetch {
  let isKnown = false;
  return async (input, init) => {
    const answer = await fetch(input, init);
    if (!answer.ok) return answer;
    if (answer.headers.get('content-type')?.includes('event-stream') !== true) {
      return checkJson(await answer.text(), answer);
    }
    if (isKnown) return answer;
    const judgement = await checkStream(answer);
    isKnown = judgement.ok;
    return judgement;
  };
}
