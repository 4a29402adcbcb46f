import { APIError } from 'openai';

/** How a server wants to be spoken to in what Chat Completions leaves open (contract §9). */
export interface Dialect {
  /** Who gives the instructions. */
  readonly systemRole: 'system' | 'developer' | 'user';
  readonly tokens: 'max_tokens' | 'max_completion_tokens';
  /** Whether the usage has to be asked for. */
  readonly asksUsage: boolean;
  /** Whether what a model thought before it called goes back to it. */
  readonly returnsReasoning: boolean;
}

/** What to begin with: OpenAI and Azure know newer names than most other servers. */
const firstDialect = (isOpenAI: boolean): Dialect => ({
  systemRole: 'system',
  tokens: isOpenAI ? 'max_completion_tokens' : 'max_tokens',
  asksUsage: true,
  returnsReasoning: false,
});

interface Change {
  /** What a refusal says that is to be answered by this. */
  readonly pattern: RegExp;
  readonly make: (dialect: Dialect, isOpenAI: boolean) => Dialect;
}

const changes: readonly Change[] = [
  {
    pattern: /max_(?:completion_)?tokens/u,
    make: (dialect) => ({
      ...dialect,
      tokens: dialect.tokens === 'max_tokens' ? 'max_completion_tokens' : 'max_tokens',
    }),
  },
  {
    pattern: /stream_options|include_usage/u,
    make: (dialect) => ({ ...dialect, asksUsage: false }),
  },
  {
    pattern: /reasoning_content/u,
    make: (dialect) => ({ ...dialect, returnsReasoning: !dialect.returnsReasoning }),
  },
  {
    pattern: /\bsystem\b.*\b(?:role|messages?)\b|\brole\b.*\bsystem\b/iu,
    make: (dialect, isOpenAI) => ({ ...dialect, systemRole: isOpenAI ? 'developer' : 'user' }),
  },
];

const isRefusal = (error: unknown): error is APIError =>
  error instanceof APIError && (error.status === 400 || error.status === 422);

/**
 * Makes calls in the dialect of each model: where a server refuses a manner of speaking, the call is
 * made again in the other manner, which is remembered once it is taken.
 */
export function createDialectNegotiator(isOpenAI: boolean) {
  const known = new Map<string, Dialect>();
  return async <T>(model: string, call: (dialect: Dialect) => Promise<T>): Promise<T> => {
    let dialect = known.get(model) ?? firstDialect(isOpenAI);
    const left = new Set(changes);
    for (;;) {
      try {
        const answer = await call(dialect);
        known.set(model, dialect);
        return answer;
      } catch (error) {
        const change = isRefusal(error)
          ? [...left].find(({ pattern: said }) => said.test(error.message))
          : undefined;
        if (change === undefined) throw error;
        left.delete(change);
        dialect = change.make(dialect, isOpenAI);
      }
    }
  };
}
