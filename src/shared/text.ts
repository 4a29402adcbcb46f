/** The first `maxLength` characters of a text, without half a surrogate pair at the end. */
export const firstCharacters = (text: string, maxLength: number): string =>
  text.slice(0, maxLength).replace(/[\ud800-\udbff]$/u, '');

/** The text, or its beginning and a note with both lengths when it is longer than `maxLength`. */
export function cutText(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  return `${firstCharacters(text, maxLength)}… [cut: ${maxLength} of ${text.length} characters]`;
}

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
