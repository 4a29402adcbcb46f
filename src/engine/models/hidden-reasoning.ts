import type { Model, ModelEvent } from './model.ts';
import { inOneBatch } from './sse-reader.ts';
import { mayThinkUnmarked, ThinkingFilter } from './thinking-filter.ts';

type Delta = Extract<ModelEvent, { type: 'delta' }>;
type Finished = Extract<ModelEvent, { type: 'finished' }>;

interface Options {
  /** Whether the thinking in the text of an answer is shown. */
  readonly showsReasoning: boolean;
}

/** The events of one answer, without thinking, and without messages that then have no text. */
class VisibleAnswer {
  readonly #showsReasoning: boolean;
  #thinksUnmarked: boolean;
  #filters = new Map<number, ThinkingFilter>();
  #isStarted = false;
  #hasMessage = false;
  #isLastMessageShown = true;
  /** Held back until the end says whether it was thinking or the answer. */
  #remainder = '';

  constructor(thinksUnmarked: boolean, { showsReasoning }: Options) {
    this.#thinksUnmarked = thinksUnmarked;
    this.#showsReasoning = showsReasoning;
  }

  /** Whether the next answer of this model may begin with thinking that no tag marks. */
  get thinksUnmarked(): boolean {
    return this.#thinksUnmarked;
  }

  /** Whether an event can be passed on without `#read`, as most pieces of a text can; counts it if so. */
  #isShownAsIs(event: ModelEvent): boolean {
    if (event.type !== 'delta' || event.annotation !== undefined || !this.#isStarted) return false;
    const filter = this.#filters.get(event.part);
    if (event.kind !== 'text' || filter?.isPassing !== true) return false;
    filter.push(event.text);
    return true;
  }

  *readAll(batch: readonly ModelEvent[]): Generator<ModelEvent> {
    for (const event of batch) {
      if (this.#isShownAsIs(event)) yield event;
      else yield* this.#read(event);
    }
  }

  *#read(event: ModelEvent): Generator<ModelEvent> {
    switch (event.type) {
      case 'reasoning':
        // Then the text has only the answer.
        this.#thinksUnmarked = false;
        yield event;
        break;
      case 'message_started':
        this.#filters = new Map();
        this.#isStarted = false;
        break;
      case 'delta':
        yield* this.#delta(event);
        break;
      case 'image':
        yield* this.#startMessage();
        yield event;
        break;
      case 'message_done':
        yield* this.#endMessage(event);
        break;
      case 'finished':
        yield* this.#finish(event);
        break;
      default:
        yield event;
    }
  }

  #filterOf(part: number): ThinkingFilter {
    const known = this.#filters.get(part);
    if (known !== undefined) return known;
    const filter = new ThinkingFilter({
      thinksUnmarked: this.#thinksUnmarked && part === 0 && !this.#hasMessage,
      showsThinking: this.#showsReasoning,
    });
    this.#filters.set(part, filter);
    return filter;
  }

  *#delta(event: Delta): Generator<ModelEvent> {
    const { kind, part, annotation } = event;
    if (kind === 'refusal') {
      yield* this.#show(event);
      return;
    }
    const filter = this.#filterOf(part);
    if (annotation === undefined) {
      yield* this.#show({ ...event, text: filter.push(event.text) });
      return;
    }
    yield* this.#show({ type: 'delta', kind, part, text: filter.finish() });
    const [start_index, end_index] = [annotation.start_index, annotation.end_index].map(
      (index) => index - filter.hiddenLength,
    );
    yield* this.#startMessage();
    yield {
      ...event,
      annotation: { ...annotation, start_index: start_index ?? 0, end_index: end_index ?? 0 },
    };
  }

  *#show(event: Delta): Generator<ModelEvent> {
    if (event.text === '') return;
    yield* this.#startMessage();
    yield event;
  }

  *#startMessage(): Generator<ModelEvent> {
    if (!this.#isStarted) yield { type: 'message_started' };
    this.#isStarted = true;
    this.#hasMessage = true;
  }

  *#endMessage(event: ModelEvent): Generator<ModelEvent> {
    for (const [part, filter] of this.#filters) {
      yield* this.#show({ type: 'delta', kind: 'text', part, text: filter.finish() });
      this.#thinksUnmarked = filter.thoughtUnmarked ?? this.#thinksUnmarked;
      this.#remainder += filter.remainder;
    }
    this.#isLastMessageShown = this.#isStarted;
    if (this.#isStarted) yield event;
  }

  *#finish(event: Finished): Generator<ModelEvent> {
    if (!this.#hasMessage && event.calls.length === 0 && event.end === 'stop') {
      yield* this.#show({ type: 'delta', kind: 'text', part: 0, text: this.#remainder });
      if (this.#hasMessage) yield { type: 'message_done' };
    }
    yield { ...event, truncated: event.truncated && this.#isLastMessageShown };
  }
}

/** Keeps what a model thinks in the text of its answers out of messages. It stays in the turn's items. */
export function hideReasoning(model: Model, options: Options): Model {
  const thinksUnmarked = new Map<string, boolean>();
  return {
    unavailable: model.unavailable,
    unsupportedTools: (tools) => model.unsupportedTools(tools),
    async *respond(request) {
      const name = request.settings.model;
      const answer = new VisibleAnswer(thinksUnmarked.get(name) ?? mayThinkUnmarked(name), options);
      try {
        for await (const batch of model.respond(request)) {
          for (const visible of inOneBatch(answer.readAll(batch))) yield visible;
        }
      } finally {
        thinksUnmarked.set(name, answer.thinksUnmarked);
      }
    },
  };
}
