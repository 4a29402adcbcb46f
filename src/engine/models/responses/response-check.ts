import { fieldOf, parseJson } from '../../../shared/json.ts';
import { sentenceIn } from '../../../shared/error-sentence.ts';
import { ModelFailure } from '../model.ts';
import { endMarker, inOneBatch, jsonEventsIn, readJsonEvents, readText } from '../sse-reader.ts';

/** What a server without the API is known by; it may send anything, such as a web page, with status 200. */
function notImplemented(answer?: unknown): ModelFailure {
  const cause = sentenceIn(fieldOf(answer, 'error'));
  const suffix = cause === null ? '.' : `: ${cause}`;
  const message = `The model endpoint does not support the Responses API${suffix}`;
  return new ModelFailure('server_error', message, null, 501);
}

function isResponsesEvent(event: unknown): boolean {
  const type = fieldOf(event, 'type');
  return type === 'error' || (typeof type === 'string' && type.startsWith('response.'));
}

/** Gateways send these to keep the connection open. */
const isKeepAlive = (event: unknown): boolean =>
  event === null ||
  /^(?:ping|keep-?alive|heartbeat)$/u.test(String(fieldOf(event, 'type'))) ||
  JSON.stringify(event) === '{}';

/** Converts the JSON of a server that does not stream into one event. */
export function toFinalEvent(response: unknown): object {
  if (fieldOf(response, 'object') !== 'response') throw notImplemented(response);
  const status = fieldOf(response, 'status');
  const type = status === 'incomplete' || status === 'failed' ? status : 'completed';
  return { type: `response.${type}`, response };
}

/** Reads the events of an endpoint that may not have the Responses API. */
export class UnknownApiReader {
  /** Whether an event of the API has come; then it is not checked again. */
  #isConfirmed = false;

  /** The events of a response. Throws a `ModelFailure` with status 501 for another API. */
  async *read({ body, headers }: Response): AsyncGenerator<unknown[]> {
    if (headers.get('content-type')?.includes('event-stream') !== true) {
      for await (const texts of readText(body)) {
        for (const checked of inOneBatch(this.#eventsOf(texts))) yield checked;
      }
      return;
    }
    if (body === null) throw notImplemented();
    try {
      for await (const batch of readJsonEvents(body)) {
        for (const checked of inOneBatch(this.#checked(batch))) yield checked;
      }
    } catch (error) {
      const isUnknown = error instanceof ModelFailure && error.status === null;
      throw isUnknown && !this.#isConfirmed ? notImplemented() : error;
    }
  }

  /** The events of a whole body, which may be a stream nevertheless. */
  *#eventsOf(texts: readonly string[]): Generator {
    for (const text of texts) {
      const events = jsonEventsIn(text);
      if (events === null) yield toFinalEvent(parseJson(text));
      else yield* this.#checked(events);
    }
  }

  *#checked(batch: Iterable<unknown>): Generator {
    for (const event of batch) {
      if (event === endMarker && !this.#isConfirmed) throw notImplemented();
      if (event !== endMarker) this.#check(event);
      yield event;
    }
  }

  #check(event: unknown): void {
    if (this.#isConfirmed || isKeepAlive(event)) return;
    if (!isResponsesEvent(event)) throw notImplemented(event);
    this.#isConfirmed = true;
  }
}
