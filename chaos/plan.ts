import type { Random } from './random.ts';

/** What happens in one run. The user message has the key, by which the model finds the plan. */
export interface Plan {
  readonly key: string;
  /** Rounds of function calls before the last answer. */
  readonly rounds: number;
  /** Messages in each answer. */
  readonly messages: number;
  /** Each answer starts with a code interpreter call. */
  readonly callsCode: boolean;
  /** The model breaks off in the middle of the last message. */
  readonly breaksOff: boolean;
  /** When the client cancels the run; null: never. */
  readonly cancelAfterMs: number | null;
  /** The client submits tool outputs only after a process was killed. */
  readonly submitsAfterKill: boolean;
  readonly streams: boolean;
}

export function makePlan(key: string, random: Random): Plan {
  const planRandom = random.fork(key);
  return {
    key,
    rounds: planRandom.integerBelow(3),
    messages: 1 + planRandom.integerBelow(2),
    callsCode: planRandom.chance(30),
    breaksOff: planRandom.chance(8),
    cancelAfterMs: planRandom.chance(15) ? planRandom.integerBelow(500) : null,
    submitsAfterKill: planRandom.chance(40),
    streams: planRandom.chance(40),
  };
}

export const textOf = (key: string, round: number, message: number): string =>
  `${key} round ${round} message ${message}: ${'as long as it is wide. '.repeat(3)}`;

/** The texts of a completed run, in order. */
export const textsOf = ({ key, rounds, messages }: Plan): string[] =>
  Array.from({ length: (rounds + 1) * messages }, (_, index) =>
    textOf(key, Math.floor(index / messages), index % messages),
  );

export const codeOf = (key: string, round: number): string =>
  `print("${key} round ${round}, line by line, as long as it is wide")`;

/** The code of a completed run, in order. */
export const codesOf = ({ key, rounds, callsCode: codes }: Plan): string[] =>
  codes ? Array.from({ length: rounds + 1 }, (_, round) => codeOf(key, round)) : [];
