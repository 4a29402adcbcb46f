import { APIError } from 'openai';

/** What differs between servers of Chat Completions in a request (contract §9). */
export interface Dialect {
  /** The role of the instructions. */
  readonly systemRole: 'system' | 'developer' | 'user';
  readonly maxTokensParam: 'max_tokens' | 'max_completion_tokens';
  /** Whether to send `stream_options.include_usage`. */
  readonly requestsUsage: boolean;
  /** Whether to send `reasoning_content` of earlier turns. */
  readonly sendsReasoning: boolean;
}

const initialDialect = (isOpenAI: boolean): Dialect => ({
  systemRole: 'system',
  // OpenAI and Azure reject the old name, most other servers know only that.
  maxTokensParam: isOpenAI ? 'max_completion_tokens' : 'max_tokens',
  requestsUsage: true,
  sendsReasoning: false,
});

interface Adaptation {
  /** Matches the error messages that this adaptation responds to. */
  readonly pattern: RegExp;
  readonly apply: (dialect: Dialect, isOpenAI: boolean) => Dialect;
}

const adaptations: readonly Adaptation[] = [
  {
    pattern: /max_(?:completion_)?tokens/u,
    apply: (dialect) => ({
      ...dialect,
      maxTokensParam:
        dialect.maxTokensParam === 'max_tokens' ? 'max_completion_tokens' : 'max_tokens',
    }),
  },
  {
    pattern: /stream_options|include_usage/u,
    apply: (dialect) => ({ ...dialect, requestsUsage: false }),
  },
  {
    pattern: /reasoning_content/u,
    apply: (dialect) => ({ ...dialect, sendsReasoning: !dialect.sendsReasoning }),
  },
  {
    pattern: /\bsystem\b.{0,200}\b(?:role|messages?)\b|\brole\b.{0,200}\bsystem\b/iu,
    apply: (dialect, isOpenAI) => ({ ...dialect, systemRole: isOpenAI ? 'developer' : 'user' }),
  },
];

const isRejection = (error: unknown): error is APIError =>
  error instanceof APIError && (error.status === 400 || error.status === 422);

/**
 * Calls each model in its dialect. When the server rejects the request, the dialect is adapted to the
 * error message and the call is made again; a dialect that succeeds is remembered.
 */
export function createDialectNegotiator(isOpenAI: boolean) {
  const known = new Map<string, Dialect>();
  return async <T>(model: string, call: (dialect: Dialect) => Promise<T>): Promise<T> => {
    let dialect = known.get(model) ?? initialDialect(isOpenAI);
    const untried = new Set(adaptations);
    for (;;) {
      try {
        const response = await call(dialect);
        known.set(model, dialect);
        return response;
      } catch (error) {
        const adaptation = isRejection(error)
          ? [...untried].find(({ pattern }) => pattern.test(error.message))
          : undefined;
        if (adaptation === undefined) throw error;
        untried.delete(adaptation);
        dialect = adaptation.apply(dialect, isOpenAI);
      }
    }
  };
}
