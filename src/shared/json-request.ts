import type { JsonReader } from './json-reader.ts';
import { yieldToOthers } from './clock.ts';

/** Longer texts are parsed between pauses. */
const pauseLength = 2 ** 16;

/** A request whose JSON body has already been received; it is not copied into the request. */
export class JsonRequest extends Request {
  /** The value of the body; undefined if it is empty. Rejects with a JsonError. */
  readonly readJson: () => Promise<unknown>;
  override readonly json: () => Promise<unknown>;
  override readonly text: () => Promise<string>;

  constructor(url: string | URL, init: RequestInit, body: JsonReader | string) {
    super(url, { ...init, body: null });
    const parse = async () => {
      if (typeof body !== 'string') return body.finish();
      const isLong = body.length > pauseLength;
      if (isLong) await yieldToOthers();
      const parsed: unknown = JSON.parse(body);
      if (isLong) await yieldToOthers();
      return parsed;
    };
    let value: Promise<unknown> | undefined;
    this.readJson = () => (value ??= parse());
    this.json = this.readJson;
    // Invalid JSON has no text: whoever reads the value gets the error.
    this.text = async () =>
      typeof body === 'string'
        ? body
        : this.readJson().then(
            (parsed) => JSON.stringify(parsed ?? ''),
            () => '',
          );
  }
}
