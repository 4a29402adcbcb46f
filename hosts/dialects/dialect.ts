/** What a host's request says, in the same form for all APIs of models. */
export interface Transcript {
  /** The names of the tools that the request offers. */
  readonly tools: readonly string[];
  /** The calls that have a result, oldest first. */
  readonly results: readonly {
    readonly name: string;
    /** The arguments of the call, as text. */
    readonly args: string;
    readonly output: string;
  }[];
}

/** What the model answers, under an id that no other answer has. */
export type Answer = { readonly id: string } & (
  | { readonly text: string }
  | { readonly name: string; readonly args: Readonly<Record<string, unknown>> }
);

/** An API of models, as hosts call it. */
export interface Dialect {
  /** Whether this is the path of its requests. */
  readonly path: RegExp;
  read(body: unknown): Transcript;
  write(answer: Answer, body: unknown, path: string): Response;
}

/** The answer as the APIs of OpenAI have it, with the arguments of a call as text. */
export const toReply = (answer: Answer) =>
  'text' in answer
    ? { text: answer.text }
    : { calls: [{ id: answer.id, name: answer.name, args: JSON.stringify(answer.args) }] };

/** Server-sent events. */
export const eventStream = (text: string): Response =>
  new Response(text, { headers: { 'content-type': 'text/event-stream' } });

/** A text or any JSON value, as text. */
export const toText = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value ?? '');
