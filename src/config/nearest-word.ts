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
 * The known word that a misspelt one most likely means; null when none is close. A word glued to a
 * value, such as `port8080`, means the known word that it starts with.
 */
export function nearestWord(word: string, knownWords: readonly string[]): string | null {
  const letters = normalize(word);
  const maxDistance = Math.min(2, Math.ceil(letters.length / 3));
  const [nearest] = knownWords
    .map((known) => {
      const isGlued = letters.startsWith(normalize(known));
      const distance = editDistance(letters, normalize(known));
      return { known, distance: isGlued ? Math.min(1, distance) : distance };
    })
    .filter(({ distance }) => distance <= maxDistance)
    .toSorted((a, b) => a.distance - b.distance || b.known.length - a.known.length);
  return nearest?.known ?? null;
}
