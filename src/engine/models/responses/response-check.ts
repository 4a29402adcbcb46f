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

/** Replaces a response that is not of the Responses API. */
const notImplemented = (): Response =>
  Response.json(
    { error: { message: 'The model endpoint does not support the Responses API.' } },
    { status: 501, headers: { 'x-should-retry': 'false' } },
  );

function isResponsesEvent(event: unknown): boolean {
  const type = fieldOf(event, 'type');
  return type === 'error' || (typeof type === 'string' && type.startsWith('response.'));
}

/** Gateways send these to keep the connection open. */
const isKeepAlive = (event: unknown): boolean =>
  fieldOf(event, 'type') === 'ping' || JSON.stringify(event) === '{}';

/** Judges by the first event. False for a stream that breaks before it. */
async function isOtherApi(events: AsyncIterator<string>): Promise<boolean> {
  for (;;) {
    const next = await events.next().catch(() => null);
    if (next === null || next.done === true) return false;
    const event = parse(next.value);
    if (!isKeepAlive(event)) return !isResponsesEvent(event);
  }
}

async function checkStream({ body, headers }: Response): Promise<Response> {
  if (body === null) return notImplemented();
  const [peeked, passedOn] = body.tee();
  const events = readSseData(peeked);
  const isOther = await isOtherApi(events);
  void events.return(undefined).catch(() => undefined);
  if (isOther) {
    await passedOn.cancel();
    return notImplemented();
  }
  return new Response(passedOn, { headers });
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
      return checkJson(await response.text(), response);
    }
    if (isConfirmed) return response;
    const checked = await checkStream(response);
    isConfirmed = checked.ok;
    return checked;
  };
}
