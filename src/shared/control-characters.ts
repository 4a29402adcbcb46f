/** Control characters except newline and tab, and the invisible ones that reorder or break lines. */
const controlCharacters = /(?![\n\t])[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/**
 * Replaces everything that a terminal acts on instead of showing it by its JSON escape, such as
 * `\u001b`. In JSON text only strings can contain these characters, so the JSON stays equivalent.
 */
export const escapeControlCharacters = (text: string): string =>
  text.replace(
    controlCharacters,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
