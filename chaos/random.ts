/** Pseudo-random numbers, the same for the same seed. */
export interface Random {
  /** An integer from 0 to `limit` - 1. */
  integerBelow(limit: number): number;
  /** True with a probability of `percent`. */
  chance(percent: number): boolean;
  /** An independent generator, the same for the same name and seed. */
  fork(name: string): Random;
}

const mix = (text: string): number => {
  let hash = 0x811c9dc5;
  for (const character of text)
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return hash >>> 0;
};

/** The generator known as mulberry32. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    integerBelow: (limit) => Math.floor(next() * limit),
    chance: (percent) => next() * 100 < percent,
    fork: (name) => createRandom(mix(`${seed} ${name}`)),
  };
}
