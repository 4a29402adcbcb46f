import { redactedExcerpt } from '../../shared/redact.ts';
import type { Adaptation, SentRequest } from './adaptation.ts';
import { findAdaptation } from './adaptations.ts';
import {
  adaptRequest,
  type Dialect,
  initialDialect,
  omissionsOf,
  type RequestApi,
} from './dialect.ts';
import { isOpenAI, type ModelCallOptions, secretsOf } from './endpoint.ts';
import {
  hostedTools,
  isAnswer,
  type ModelEvent,
  type ModelRequest,
  type Omissions,
} from './model.ts';
import { type Refusal, toRefusal } from './refusal.ts';

/** The request as it is sent. */
type ToParams = (request: ModelRequest, dialect: Dialect) => object;
type Attempt = (request: ModelRequest, dialect: Dialect) => AsyncIterable<readonly ModelEvent[]>;

/** A change that a refusal has led to. */
interface Step {
  readonly adaptation: Adaptation;
  readonly refusal: Refusal;
  readonly change: (dialect: Dialect) => Dialect;
}

/** In characters, of an endpoint's error in the log. */
const maxLoggedLength = 500;

/** The dialects of an endpoint's models, as far as calls have shown them. */
class DialectMemory {
  readonly #known = new Map<string, Dialect>();
  readonly #initial: Dialect;
  readonly #options: ModelCallOptions;

  constructor(initial: Dialect, options: ModelCallOptions) {
    this.#initial = initial;
    this.#options = options;
  }

  get(model: string): Dialect {
    return this.#known.get(model) ?? this.#initial;
  }

  /** Applies steps that led to an answer; other runs may have added theirs meanwhile. */
  remember(model: string, steps: readonly Step[]): void {
    for (const { adaptation, refusal, change } of steps) {
      const before = this.get(model);
      const after = change(before);
      if (JSON.stringify(before) === JSON.stringify(after)) continue;
      this.#known.set(model, after);
      const error = redactedExcerpt(refusal.text, maxLoggedLength, secretsOf(this.#options));
      const sent = adaptation.label;
      this.#options.log?.warn('request adapted to the model', { model, sent, error });
    }
  }
}

const withOmissions = (batch: readonly ModelEvent[], omitted: Omissions): readonly ModelEvent[] =>
  omitted.parameters.length + omitted.tools.length === 0
    ? batch
    : batch.map((event) => (event.type === 'finished' ? { ...event, omitted } : event));

/** The step that an error before an answer asks for; null: there is none. */
function nextStep(
  error: unknown,
  sent: SentRequest,
  isTried: (dialect: Dialect) => boolean,
): Step | null {
  const refusal = toRefusal(error);
  if (refusal === null) return null;
  const adaptation = findAdaptation(refusal, sent, isTried);
  if (adaptation === undefined) return null;
  return { adaptation, refusal, change: (dialect) => adaptation.change(dialect, sent, refusal) };
}

/**
 * Calls each model in its dialect, over either API. When the endpoint refuses something in a request,
 * the request is adapted and the call is made again. What leads to an answer is remembered for the
 * model, and logged once; a refusal that no adaptation helps changes nothing for later runs.
 */
export function createNegotiator(api: RequestApi, options: ModelCallOptions, toParams: ToParams) {
  const { dropsHostedTools = false } = options;
  const endpoint = { api, isOpenAI: isOpenAI(options), dropsHostedTools };
  const omittedTools = api === 'chat' && dropsHostedTools ? hostedTools : [];
  const memory = new DialectMemory(initialDialect(api, endpoint.isOpenAI, omittedTools), options);
  return async function* respond(
    asked: ModelRequest,
    attempt: Attempt,
  ): AsyncGenerator<readonly ModelEvent[]> {
    const { model } = asked.settings;
    let dialect = memory.get(model);
    const tried = new Set<string>();
    const textOf = (to: Dialect) => JSON.stringify(toParams(adaptRequest(asked, to), to));
    const steps: Step[] = [];
    for (;;) {
      const request = adaptRequest(asked, dialect);
      const omitted = omissionsOf(asked, request);
      let isAnswered = false;
      try {
        for await (const batch of attempt(request, dialect)) {
          if (!isAnswered && isAnswer(batch)) {
            isAnswered = true;
            memory.remember(model, steps);
          }
          yield withOmissions(batch, omitted);
        }
        return;
      } catch (error) {
        const sent = { request, dialect, ...endpoint };
        // The same request would be refused again.
        const isTried = (next: Dialect) => tried.add(textOf(dialect)).has(textOf(next));
        const step = isAnswered ? null : nextStep(error, sent, isTried);
        if (step === null) throw error;
        steps.push(step);
        dialect = step.change(dialect);
      }
    }
  };
}
