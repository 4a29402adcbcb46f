/** The number of letters to insert, delete or replace to turn one word into the other. */
function editDistance(one: string, other: string): number {
  let previous = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let row = 0; row < one.length; row += 1) {
    const current = [row + 1];
    for (let column = 0; column < other.length; column += 1) {
      const replaced = (previous[column] ?? 0) + (one[row] === other[column] ? 0 : 1);
      const deleted = (previous[column + 1] ?? 0) + 1;
      current.push(Math.min(replaced, deleted, (current[column] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[other.length] ?? 0;
}

const normalize = (word: string): string => word.toLowerCase().replaceAll(/[^a-z0-9]/gu, '');

/**
 * The known words that a misspelt one may mean, the likeliest first. A word glued to a value, such as
 * `port8080`, means the known word that it starts with.
 */
export function nearestWords(word: string, knownWords: readonly string[]): string[] {
  const letters = normalize(word);
  const maxDistance = Math.min(2, Math.ceil(letters.length / 3));
  const distanceTo = (known: string): number => {
    if (letters.startsWith(known)) return letters === known ? 0 : 1;
    const isFar = Math.abs(letters.length - known.length) > maxDistance;
    return isFar ? Infinity : editDistance(letters, known);
  };
  return knownWords
    .map((known) => ({ known, distance: distanceTo(normalize(known)) }))
    .filter(({ distance }) => distance <= maxDistance)
    .toSorted((a, b) => a.distance - b.distance || b.known.length - a.known.length)
    .map(({ known }) => known);
}

/** The likeliest of the known words that a misspelt one may mean; null when none is close. */
export const nearestWord = (word: string, knownWords: readonly string[]): string | null =>
  nearestWords(word, knownWords)[0] ?? null;
