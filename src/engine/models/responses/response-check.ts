import { ModelFailure } from '../model.ts';
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

/** An error response, instead of an exception, which the SDK would retry. */
const failedResponse = (status: number, message: string): Response =>
  Response.json({ error: { message } }, { status, headers: { 'x-should-retry': 'false' } });

/** Replaces a response that is not of the Responses API. */
const notImplemented = (): Response =>
  failedResponse(501, 'The model endpoint does not support the Responses API.');

function isResponsesEvent(event: unknown): boolean {
  const type = fieldOf(event, 'type');
  return type === 'error' || (typeof type === 'string' && type.startsWith('response.'));
}

/** Gateways send these to keep the connection open. */
const isKeepAlive = (event: unknown): boolean =>
  fieldOf(event, 'type') === 'ping' || JSON.stringify(event) === '{}';

/** Judges by the first event. False for a stream that breaks before it. */
async function isOtherApi(events: ReturnType<typeof readSseData>): Promise<boolean> {
  for (;;) {
    const next = await events.next().catch(() => null);
    if (next === null || next.done === true) return false;
    const event = parse(next.value.text);
    if (!isKeepAlive(event)) return !isResponsesEvent(event);
  }
}

async function checkStream({ body, headers }: Response): Promise<Response> {
  if (body === null) return notImplemented();
  const [peeked, passedOn] = body.tee();
  const events = readSseData(peeked);
  const isOther = await isOtherApi(events);
  // Errors of the stream are reported by the reader of the other branch.
  void events.return(undefined).catch(() => undefined);
  if (isOther) {
    await passedOn.cancel();
    return notImplemented();
  }
  return new Response(passedOn, { headers });
}

/** The text of a response, or the failed response that replaces one that is too large. */
async function readText(response: Response): Promise<string | Response> {
  try {
    return await response.text();
  } catch (error) {
    if (error instanceof ModelFailure) return failedResponse(502, error.message);
    throw error;
  }
}

/** Converts the JSON of a server that does not stream into a stream of one event. */
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
 * Wraps `fetch` so that a successful response that is not of the Responses API becomes a 501: servers
 * without that API may send anything, such as a web page, with status 200.
 */
export function requireResponsesApi(fetch: Fetch): Fetch {
  let isConfirmed = false;
  return async (input, init) => {
    const response = await fetch(input, init);
    if (!response.ok) return response;
    if (response.headers.get('content-type')?.includes('event-stream') !== true) {
      const text = await readText(response);
      return typeof text === 'string' ? checkJson(text, response) : text;
    }
    if (isConfirmed) return response;
    const checked = await checkStream(response);
    isConfirmed = checked.ok;
    return checked;
  };
}
