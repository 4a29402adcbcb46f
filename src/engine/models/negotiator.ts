import { redactedExcerpt } from '../../shared/redact.ts';
import { type Adaptation, findAdaptation } from './adaptations.ts';
import { adaptRequest, type Dialect, initialDialect, omissionsOf, type RequestApi } from './dialect.ts';
import { isOpenAI, type ModelCallOptions, secretsOf } from './endpoint.ts';
import { hostedTools, type ModelEvent, type ModelRequest, type Omissions } from './model.ts';
import { toRefusal } from './refusal.ts';

/** A call that was accepted. */
interface Accepted<T> {
  readonly response: T;
  /** What the request lacked. */
  readonly omitted: Omissions;
}

type Change = (dialect: Dialect) => Dialect;

interface Step {
  readonly label: string;
  /** Of the endpoint. */
  readonly error: string;
  readonly change: Change;
}

/** In characters, of an endpoint's error in the log. */
const maxLoggedLength = 500;

/**
 * Calls each model in its dialect, over either API. When the endpoint refuses something in a request,
 * the request is adapted and the call is made again. What was accepted is remembered for the model, and
 * logged once; a refusal that no adaptation helps changes nothing for later runs.
 */
export function createNegotiator(api: RequestApi, options: ModelCallOptions) {
  const { log, dropsHostedTools = false } = options;
  const secrets = secretsOf(options);
  const endpoint = { isOpenAI: isOpenAI(options), dropsHostedTools };
  const initial = initialDialect(
    api,
    endpoint.isOpenAI,
    api === 'chat' && dropsHostedTools ? hostedTools : [],
  );
  const known = new Map<string, Dialect>();
  const dialectOf = (model: string): Dialect => known.get(model) ?? initial;

  const remember = (model: string, steps: readonly Step[]) => {
    for (const { label, error, change } of steps) {
      const before = dialectOf(model);
      const after = change(before);
      if (JSON.stringify(before) === JSON.stringify(after)) continue;
      known.set(model, after);
      log?.warn('request adapted to the model', { model, sent: label, error });
    }
  };

  return async <T>(
    asked: ModelRequest,
    call: (request: ModelRequest, dialect: Dialect) => Promise<T>,
  ): Promise<Accepted<T>> => {
    const { model } = asked.settings;
    let dialect = dialectOf(model);
    const tried = new Set([JSON.stringify(dialect)]);
    const steps: Step[] = [];
    for (;;) {
      const request = adaptRequest(asked, dialect);
      try {
        const response = await call(request, dialect);
        remember(model, steps);
        return { response, omitted: omissionsOf(asked, request) };
      } catch (error) {
        const refusal = toRefusal(error);
        const sent = { request, dialect, ...endpoint };
        const isTried = (next: Dialect) => tried.has(JSON.stringify(next));
        const adaptation: Adaptation | undefined =
          refusal === null ? undefined : findAdaptation(refusal, sent, isTried);
        if (refusal === null || adaptation === undefined) throw error;
        const change: Change = (from) => adaptation.change(from, sent, refusal);
        const excerpt = redactedExcerpt(refusal.text, maxLoggedLength, secrets);
        steps.push({ label: adaptation.label, error: excerpt, change });
        dialect = change(dialect);
        tried.add(JSON.stringify(dialect));
      }
    }
  };
}

/** The event, with what the request lacked if it is the last one. */
export const withOmissions = (event: ModelEvent, omitted: Omissions | null): ModelEvent =>
  event.type !== 'finished' ||
  omitted === null ||
  omitted.parameters.length + omitted.tools.length === 0
    ? event
    : { ...event, omitted };
