import type { Chance } from './random.ts';

/** What is to happen in one run; its model knows it by its key, which the user says. */
export interface Plan {
  readonly key: string;
  /** How often functions are called before the last answer. */
  readonly rounds: number;
  /** Messages in each answer. */
  readonly messages: number;
  /** Each answer begins with code that the model has run. */
  readonly codes: boolean;
  /** The model breaks off in the middle of the last message. */
  readonly breaks: boolean;
  /** Milliseconds after which the user wants it no more; null: never. */
  readonly cancelAfter: number | null;
  /** The user keeps the outputs until somebody has been killed. */
  readonly holds: boolean;
  readonly streams: boolean;
}

export function makePlan(key: string, chance: Chance): Plan {
  const own = chance.named(key);
  return {
    key,
    rounds: own.below(3),
    messages: 1 + own.below(2),
    codes: own.happens(30),
    breaks: own.happens(8),
    cancelAfter: own.happens(15) ? own.below(500) : null,
    holds: own.happens(40),
    streams: own.happens(40),
  };
}

export const textOf = (key: string, round: number, message: number): string =>
  `${key} round ${round} message ${message}: ${'as long as it is wide. '.repeat(3)}`;

/** The texts of a run that comes to its end, in order. */
export const textsOf = ({ key, rounds, messages }: Plan): string[] =>
  Array.from({ length: (rounds + 1) * messages }, (_, index) =>
    textOf(key, Math.floor(index / messages), index % messages),
  );

export const codeOf = (key: string, round: number): string =>
  `print("${key} round ${round}, line by line, as long as it is wide")`;

/** The code of a run that comes to its end, in order. */
export const codesOf = ({ key, rounds, codes }: Plan): string[] =>
  codes ? Array.from({ length: rounds + 1 }, (_, round) => codeOf(key, round)) : [];
