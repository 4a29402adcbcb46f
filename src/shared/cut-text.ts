/** The first `maxLength` characters of a text, without half a surrogate pair at the end. */
export const firstCharacters = (text: string, maxLength: number): string =>
  text.slice(0, maxLength).replace(/[\ud800-\udbff]$/u, '');

/** The text, or its beginning and a note with both lengths when it is longer than `maxLength`. */
export function cutText(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  return `${firstCharacters(text, maxLength)}… [cut: ${maxLength} of ${text.length} characters]`;
}
