/*
 * How many tokens models count in a text, roughly: a tokenizer would take longer to load than most
 * calls take. The costs are those of OpenAI's o200k_base, rounded up for each kind of character.
 */

type Kind =
  | 'letter'
  | 'capital'
  | 'digit'
  | 'space'
  | 'sign'
  | 'alphabet'
  | 'syllable'
  | 'ideograph'
  | 'other';

const isBetween = (code: number, first: number, last: number): boolean =>
  code >= first && code <= last;

function kindOf(code: number): Kind {
  if (isBetween(code, 0x61, 0x7a)) return 'letter';
  if (isBetween(code, 0x41, 0x5a)) return 'capital';
  if (isBetween(code, 0x30, 0x39)) return 'digit';
  if (code === 0x20) return 'space';
  if (code < 0x80) return 'sign';
  if (code < 0x700) return 'alphabet';
  if (isBetween(code, 0x900, 0xe7f)) return 'syllable';
  const isIdeograph =
    isBetween(code, 0x2000, 0x9fff) || isBetween(code, 0xac00, 0xd7a3) || code >= 0xff00;
  return isIdeograph ? 'ideograph' : 'other';
}

/** Words up to this length are usually one token, and those up to the other are words at all. */
const [shortWord, longWord] = [7, 16];

function wordTokens(length: number): number {
  if (length <= shortWord) return 1;
  return length <= longWord ? 1 + (length - shortWord) * 0.3 : length / 2;
}

const runTokens: Readonly<Record<Kind, (length: number) => number>> = {
  letter: wordTokens,
  capital: (length) => (length <= 2 ? 1 : length / 1.8),
  digit: (length) => Math.ceil(length / 3),
  space: (length) => (length === 1 ? 0.05 : 1 + length / 80),
  sign: (length) => (length <= 3 ? 1 : length * 0.75),
  alphabet: (length) => 0.3 + length / 2,
  syllable: (length) => length * 0.7,
  ideograph: (length) => length,
  other: (length) => length * 2.2,
};

/** An estimate of the tokens of a text, rather too high than too low. */
export function estimateTokens(text: string): number {
  let tokens = 0;
  for (let start = 0, end = 0; start < text.length; start = end) {
    const kind = kindOf(text.charCodeAt(start));
    const skip = (skipped: Kind) => {
      while (end < text.length && kindOf(text.charCodeAt(end)) === skipped) end += 1;
    };
    skip(kind);
    const isCapitalised = kind === 'capital' && end - start === 1;
    if (isCapitalised) skip('letter');
    tokens += isCapitalised ? wordTokens(end - start) : runTokens[kind](end - start);
  }
  return Math.ceil(tokens);
}
