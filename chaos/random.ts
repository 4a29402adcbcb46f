/** Numbers that look like chance and come again with the same seed. */
export interface Chance {
  /** A whole number from 0 up to, but not, `limit`. */
  below(limit: number): number;
  /** True in about `percent` of all cases. */
  happens(percent: number): boolean;
  /** The same numbers for the same name, whoever else has drawn some meanwhile. */
  named(name: string): Chance;
}

const mix = (text: string): number => {
  let hash = 0x811c9dc5;
  for (const character of text)
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return hash >>> 0;
};

/** The generator known as mulberry32. */
export function createChance(seed: number): Chance {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    below: (limit) => Math.floor(next() * limit),
    happens: (percent) => next() * 100 < percent,
    named: (name) => createChance(mix(`${seed} ${name}`)),
  };
}
